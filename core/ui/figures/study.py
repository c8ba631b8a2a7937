"""Figures of the augmentation study, each drawn from its results file alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.study.answer import FIGURES, MODELS, arm_words, effects, share_words, source_words
from core.study.grid import CLASSIC, DUPLICATE, arm
from core.ui.figures.frame import PALETTE, frame

Arms = Sequence[tuple[str, dict[str, Any]]]
"""(name in words, entry of the results' arms) pairs."""


def effect_plot(
    results: dict[str, Any], model: str, against: str, where: str, figure: str
) -> go.Figure | None:
    """Differences of all synthetic arms with their intervals, one colour per regime.

    Args:
        results: the study's results.
        model: architecture.
        against: "control" for each arm's own count-matched control, or an arm's name.
        where: test set.
        figure: a key of `FIGURES`.
    """
    fig, shares = go.Figure(), sorted({a["share"] for a in results["arms"]})
    for place, share in enumerate(shares):
        found = [
            e for e in effects(results, model=model, share=share, set=where)
            if arm(e["arm"]).synthetic
            and e["against"] == (arm(e["arm"]).control if against == "control" else against)
        ]  # fmt: skip
        if not found:
            continue
        points = [e[figure] for e in found]
        fig.add_scatter(
            x=[p["value"] for p in points],
            y=[arm_words(e["arm"]) for e in found],
            mode="markers",
            name=share_words(share),
            marker={"color": PALETTE[place], "size": 8},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [p["ci"][1] - p["value"] for p in points],
                "arrayminus": [p["value"] - p["ci"][0] for p in points],
            },
            customdata=[[*p["ci"], p.get("holm")] for p in points],
            hovertemplate="%{y}: %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f}), "
            "corrected p %{customdata[2]}",
        )
    if not fig.data:
        return None
    fig.update_layout(scattermode="group", scattergap=0.5)
    fig.add_vline(x=0, line={"dash": "dot", "width": 1})
    rows = len({y for trace in fig.data for y in trace.y})
    rival = "its control" if against == "control" else arm_words(against)
    title = f"Difference in {FIGURES[figure]} from {rival}, 95 % CI"
    n = results["test_images"][where]
    return frame(fig, f"{title} (n = {n})", "difference", "", 170 + 46 * rows)


def ratio_curve(
    results: dict[str, Any], model: str, share: float, where: str, figure: str
) -> go.Figure | None:
    """A figure against the number of added images per real one, with the control's curve."""
    lines: dict[tuple[str, bool], list[tuple[float, dict[str, Any]]]] = {}
    for entry in results["arms"]:
        what = arm(entry["arm"])
        fits = what.ratio and what.keep_real
        if fits and (entry["model"], entry["share"]) == (model, share):
            line = lines.setdefault((what.source, not what.filtered), [])
            line.append((what.ratio, entry[where][figure]))
    fig = go.Figure()
    for place, ((source, loose), points) in enumerate(sorted(lines.items())):
        points.sort(key=lambda point: point[0])
        levels = [level for _, level in points]
        name = source_words(source) + (", unfiltered" if loose else "")
        dash = "dash" if source == DUPLICATE else "dot" if loose else "solid"
        fig.add_scatter(
            x=[ratio for ratio, _ in points],
            y=[v["mean"] for v in levels],
            mode="lines+markers",
            name="copies of real images (control)" if source == DUPLICATE else name,
            line={"color": PALETTE[place], "dash": dash},
            error_y={"type": "data", "array": [v["sd"] for v in levels]},
        )
    if not fig.data:
        return None
    title = f"{FIGURES[figure].capitalize()} by ratio, ± sd over seeds"
    n = results["test_images"][where]
    return frame(fig, f"{title} (n = {n})", "added images per real one", FIGURES[figure])


def architectures(results: dict[str, Any], where: str, figure: str) -> go.Figure:
    """A figure by share of the real images, one line per architecture; real images, augmented."""
    fig = go.Figure()
    for place, model in enumerate(results["settings"]["models"]):
        own = [a for a in results["arms"] if (a["model"], a["arm"]) == (model, CLASSIC)]
        own.sort(key=lambda a: float(a["share"]))
        levels = [a[where][figure] for a in own]
        if levels:
            fig.add_scatter(
                x=[share_words(a["share"]) for a in own],
                y=[v["mean"] for v in levels],
                mode="lines+markers",
                name=MODELS.get(model, model),
                line={"color": PALETTE[place]},
                error_y={
                    "array": [v["ci"][1] - v["mean"] for v in levels],
                    "arrayminus": [v["mean"] - v["ci"][0] for v in levels],
                },
                customdata=[len(a["seeds"]) for a in own],
                hovertemplate="%{x}: %{y:.3f}, seeds: %{customdata}",
            )
    title = f"{FIGURES[figure].capitalize()} by architecture"
    n = results["test_images"][where]
    return frame(fig, f"{title} (n = {n})", "real training images", FIGURES[figure])


def roc(arms: Arms, n: int) -> go.Figure:
    """Mean ROC curve of each arm over its seeds (and over classes against the rest)."""
    fig = go.Figure()
    for place, (name, entry) in enumerate(arms):
        curve = entry["roc"]
        fig.add_scatter(
            x=curve["fpr"], y=curve["tpr"], mode="lines", name=name,
            line={"color": PALETTE[place], "dash": ("solid", "dash")[place % 2]},
        )  # fmt: skip
    title = f"ROC, mean over seeds and classes (n = {n})"
    return frame(fig, title, "false positive rate", "true positive rate")


def per_class(arms: Arms, labels: Sequence[str], key: str) -> go.Figure:
    """Recall or F1 of each class, mean and standard deviation over seeds."""
    fig = go.Figure()
    for place, (name, entry) in enumerate(arms):
        rows = entry["per_class"]
        fig.add_bar(
            x=[f"{label}<br>n = {row['n']}" for label, row in zip(labels, rows)],
            y=[row[key]["mean"] for row in rows],
            name=name,
            marker_color=PALETTE[place],
            error_y={"type": "data", "array": [row[key]["sd"] for row in rows]},
        )
    fig.update_yaxes(range=[0, 1.02])
    head = {"recall": "Recall", "f1": "F1"}[key]
    seeds = min(len(entry["seeds"]) for _, entry in arms)
    return frame(fig, f"{head} per class, ± sd over {seeds} seeds", "class", head.lower())


def training_curves(arms: Arms) -> go.Figure:
    """Training and held-out loss against steps, mean over seeds."""
    fig = go.Figure()
    for place, (name, entry) in enumerate(arms):
        for key, dash, what in (("loss", "dot", "training"), ("val_loss", "solid", "held-out")):
            fig.add_scatter(
                x=entry["curve"]["step"], y=entry["curve"][key], mode="lines+markers",
                name=f"{name}: {what}", line={"color": PALETTE[place], "dash": dash},
            )  # fmt: skip
    return frame(fig, "Loss, mean over seeds", "optimiser step", "log-loss (nats)")


def accuracy_curves(arms: Arms) -> go.Figure:
    """Held-out accuracy against steps, mean over seeds."""
    fig = go.Figure()
    for place, (name, entry) in enumerate(arms):
        fig.add_scatter(
            x=entry["curve"]["step"], y=entry["curve"]["val_accuracy"], mode="lines+markers",
            name=name, line={"color": PALETTE[place]},
        )  # fmt: skip
    return frame(fig, "Accuracy on held-out images, mean over seeds", "optimiser step", "accuracy")
