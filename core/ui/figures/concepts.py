"""Concepts on screen: scores against random sets, one image's signed pushes, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from core.ui.figures.frame import PALETTE, frame

if TYPE_CHECKING:
    from core.concepts.shipped import Row, Shipped
    from core.services.concepts import Push

TOWARDS, AWAY, NOTHING = PALETTE[1], PALETTE[0], "#9A9A9A66"
FAINT = "#8A8A8A"
NO_EVIDENCE = "no evidence"
_LINE, _FRAME = 26, 150


def rows_of(found: list[Shipped], label: str, layer: str) -> list[tuple[str, str, Row]]:
    """Name, source and figures of every concept at one layer and label, evidence first."""
    rows = [
        (about.title, about.source, row)
        for own in found
        for about in own.concepts
        if (row := own.row(about.id, layer, label))
    ]
    return sorted(rows, key=lambda r: (not r[2].evidence, -abs(r[2].derivative)))


def verdict(row: Row, label: str) -> str:
    """What the test says, in a few words."""
    if not row.evidence:
        return NO_EVIDENCE
    return f"{'towards' if row.derivative > 0 else 'away from'} {label}"


def table(found: list[Shipped], label: str, layer: str, spoken: str) -> Any:
    """Every figure of the shown concepts; rows without evidence are greyed.

    Args:
        found: shipped concepts and the session's own.
        label, layer: what is shown.
        spoken: the label's display name.

    Returns:
        A pandas Styler for `st.dataframe`.
    """
    chosen = rows_of(found, label, layer)
    content = pd.DataFrame(
        [
            {
                "Concept": name,
                "Verdict": verdict(row, spoken),
                "Held-out accuracy": _with_interval(row.accuracy, row.accuracy_ci),
                "TCAV score": f"{row.score:.2f} ± {row.spread:.2f}",
                "of random sets": f"{row.random:.2f}",
                "Change of log-odds": f"{row.derivative:+.3f}",
                "p": _p(row.p),
                "p, Holm": _p(row.p_holm),
                "From": SOURCES[source],
            }
            for name, source, row in chosen
        ]
    )
    grey = [not row.evidence for _, _, row in chosen]
    return content.style.apply(
        lambda line: [f"color: {FAINT}" if grey[int(line.name)] else ""] * len(line), axis=1
    )


SOURCES = {"attribute": "measured", "direction": "latent direction", "own": "your images"}


def scores(found: list[Shipped], label: str, layer: str, spoken: str) -> go.Figure:
    """TCAV scores with their spread over counterparts, and the score of random sets."""
    chosen = rows_of(found, label, layer)[::-1]
    names = [name for name, _, _ in chosen]
    fig = go.Figure()
    groups = ((f"towards {spoken}", TOWARDS), (f"away from {spoken}", AWAY), (NO_EVIDENCE, NOTHING))
    for name, colour in groups:
        own = [(n, row) for n, _, row in chosen if verdict(row, spoken) == name]
        fig.add_scatter(
            x=[row.score for _, row in own],
            y=[n for n, _ in own],
            error_x={"array": [row.spread for _, row in own], "thickness": 1.2, "width": 0},
            mode="markers",
            marker={"size": 10, "color": colour},
            name=name,
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    fig.add_scatter(
        x=[row.random for _, _, row in chosen],
        y=names,
        mode="markers",
        marker={"symbol": "line-ns", "size": 12, "line": {"width": 2, "color": FAINT}},
        name="random sets",
        hovertemplate="random sets: %{x:.2f}<extra></extra>",
    )
    fig.update_yaxes(categoryorder="array", categoryarray=names)
    fig.update_xaxes(range=[-0.05, 1.05])
    n = found[0].settings.get("class_images", {}).get(label)
    runs = found[0].settings.get("runs")
    title = f"TCAV scores, {layer} (n = {n} images of {spoken}, {runs} random counterparts)"
    axis = "share of images whose score it raises"
    return frame(fig, title, axis, "", _FRAME + _LINE * len(names))


def pushes(found: list[Push], spoken: str, layer: str) -> go.Figure:
    """Signed bars of one image: how far each concept would move the answer."""
    names = [push.concept for push in found][::-1]
    fig = go.Figure()
    groups = ((f"towards {spoken}", TOWARDS), (f"away from {spoken}", AWAY), (NO_EVIDENCE, NOTHING))
    for name, colour in groups:
        own = [
            push
            for push in found
            if (_direction(push, spoken) if push.row.evidence else NO_EVIDENCE) == name
        ]
        fig.add_bar(
            x=[push.change for push in own],
            y=[push.concept for push in own],
            orientation="h",
            marker_color=colour,
            name=name,
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    fig.add_vline(x=0, line_width=1, opacity=0.5)
    fig.update_yaxes(categoryorder="array", categoryarray=names)
    title = f"What would move this answer, {layer} (n = 1 image)"
    return frame(
        fig,
        title,
        "change of log-odds per concept step",
        "",
        _FRAME + _LINE * len(names),
    )


def _direction(push: Push, spoken: str) -> str:
    return f"{'towards' if push.change > 0 else 'away from'} {spoken}"


def _with_interval(value: float, ci: tuple[float, float]) -> str:
    return f"{value:.2f} ({ci[0]:.2f} to {ci[1]:.2f})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
