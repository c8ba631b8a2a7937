"""Figures of a reader study: dots with intervals, Likert bars, agreement, power."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

from core.ui.figures.frame import PALETTE, frame

LIKERT = ("#B4453A", "#E3A08C", "#B9C4C8", "#8FB6D9", "#2269A8")
Line = tuple[str, dict[str, Any]]


def dots(
    lines: Sequence[Line], title: str, x: str, marks: dict[str, float] | None = None,
    limits: tuple[float, float] | None = None,
) -> go.Figure:  # fmt: skip
    """One dot with its 95 % interval a line, and vertical lines to compare with.

    Args:
        lines: name and {"value", "ci"}, top first.
        title: with "(n = …)".
        x: axis name.
        marks: name to position of vertical lines.
        limits: of the axis.
    """
    known = [(name, one) for name, one in lines if one.get("value") is not None]
    values = [one["value"] for _, one in known]
    fig = go.Figure()
    fig.add_scatter(
        x=values,
        y=[name for name, _ in known],
        mode="markers",
        marker={"size": 10, "color": PALETTE[0]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [one["ci"][1] - v for (_, one), v in zip(known, values)],
            "arrayminus": [v - one["ci"][0] for (_, one), v in zip(known, values)],
            "thickness": 1.5,
            "width": 4,
        },
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        showlegend=False,
    )
    for i, (name, at) in enumerate((marks or {}).items()):
        fig.add_vline(x=at, line_dash=("dot", "dash")[i % 2], line_width=1.5, opacity=0.7)
        fig.add_annotation(
            x=at, y=1, yref="paper", yanchor="bottom", text=name, showarrow=False, font_size=11
        )
    frame(fig, title, x, "", 130 + 26 * max(len(known), 1))
    fig.update_yaxes(autorange="reversed", type="category")
    if limits:
        fig.update_xaxes(range=list(limits))
    return fig


def likert(lines: Sequence[dict[str, Any]], item: str, text: str, name: Callable) -> go.Figure:  # type: ignore[type-arg]
    """Share of each answer, 1 to 5, for one item: one bar a method.

    Args:
        lines: of `core.readers.analysis.ratings.likert`.
        item: which item.
        text: the item's wording.
        name: a method's name for people.
    """
    own = [line for line in lines if line["item"] == item]
    totals = [sum(line["counts"]) for line in own]
    fig = go.Figure()
    for level in range(5):
        fig.add_bar(
            y=[name(line["method"]) for line in own],
            x=[100 * line["counts"][level] / n for line, n in zip(own, totals)],
            customdata=[line["counts"][level] for line in own],
            orientation="h",
            name=str(level + 1),
            marker_color=LIKERT[level],
            hovertemplate=f"{level + 1}: %{{customdata}} answers, %{{x:.0f}} %<extra></extra>",
        )
    fig.update_layout(barmode="stack", legend={"traceorder": "normal"})
    frame(
        fig, f"{text} (n = {sum(totals)} answers)", "% of answers, 1 to 5", "", 170 + 26 * len(own)
    )
    fig.update_yaxes(autorange="reversed")
    return fig


def pairs(lines: Sequence[dict[str, Any]], n: int) -> go.Figure:
    """Cohen's kappa of every pair of readers, with its interval on hover."""
    names = sorted({r for line in lines for r in line["readers"]})
    place = {r: i for i, r in enumerate(names)}
    z: list[list[float | None]] = [[None] * len(names) for _ in names]
    text = [[""] * len(names) for _ in names]
    for line in lines:
        for a, b in (line["readers"], line["readers"][::-1]):
            z[place[a]][place[b]] = line["value"]
            low, high = line["ci"]
            text[place[a]][place[b]] = f"{line['value']:.2f} ({low:.2f} to {high:.2f})"
    labels = [str(r) for r in names]
    fig = go.Figure(
        go.Heatmap(
            z=z, x=labels, y=labels, zmin=-0.2, zmax=1, colorscale="Blues", hovertext=text,
            hovertemplate="readers %{y} and %{x}: %{hovertext}<extra></extra>",
            colorbar={"title": {"text": "κ"}, "thickness": 10},
        )
    )  # fmt: skip
    frame(fig, f"Cohen's κ of pairs (n = {n} cases)", "reader", "reader", 360)
    fig.update_xaxes(type="category")
    fig.update_yaxes(type="category", autorange="reversed")
    return fig


def before_after(lines: Sequence[Line]) -> go.Figure:
    """Accuracy without and with the model, with intervals."""
    n = lines[0][1]["readers"] if lines else 0
    title = f"Diagnosis without and with the model (n = {n} readers)"
    return dots(lines, title, "accuracy", limits=(0, 1))


def power(rows: Sequence[dict[str, Any]], wanted: float) -> go.Figure:
    """Power by number of cases, one line per number of readers."""
    fig = go.Figure()
    for readers in sorted({row["readers"] for row in rows}):
        own = [row for row in rows if row["readers"] == readers]
        fig.add_scatter(
            x=[row["cases"] for row in own], y=[row["power"] for row in own],
            name=f"{readers} readers", mode="lines",
        )  # fmt: skip
    fig.add_hline(y=wanted, line_dash="dot", line_width=1, opacity=0.6)
    frame(fig, "Power (n = readers × cases)", "cases", "power", 360)
    fig.update_yaxes(range=[0, 1.02])
    return fig
