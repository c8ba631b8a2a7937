"""Figures of a classifier's test results: confusion, ROC, reliability, per-class bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.ui.figures.frame import PALETTE, frame
from core.ui.text import centre, interval

Blocks = Sequence[tuple[str, dict[str, Any]]]
"""(model's title, its result block) pairs."""


def confusion_of(block: dict[str, Any]) -> np.ndarray | None:
    """The confusion matrix of a block, (K, K) counts, rows = truth."""
    matrix = block.get("confusion", block.get("confusion_matrix"))
    if isinstance(matrix, dict):
        matrix = matrix.get("matrix", matrix.get("counts"))
    return None if matrix is None else np.asarray(matrix, dtype=float)


def confusion(matrix: np.ndarray, labels: Sequence[str], name: str) -> go.Figure:
    """Shares of each true class, with counts written in the cells."""
    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    text = [[f"{round(v):,}" for v in row] for row in matrix]
    return _matrix(matrix / total, text, labels, f"{name} (n = {round(matrix.sum()):,})", False)


def confusion_change(first: np.ndarray, second: np.ndarray, labels: Sequence[str]) -> go.Figure:
    """Second minus first, in percentage points of each true class."""
    shares = [m / np.maximum(m.sum(axis=1, keepdims=True), 1) for m in (first, second)]
    change = shares[1] - shares[0]
    text = [[f"{v * 100:+.1f}" for v in row] for row in change]
    return _matrix(change, text, labels, f"Change, points (n = {round(second.sum()):,})", True)


def _matrix(
    values: np.ndarray, text: list[list[str]], labels: Sequence[str], name: str, signed: bool
) -> go.Figure:
    top = max(float(np.abs(values).max()), 0.05)
    fig = go.Figure(
        go.Heatmap(
            z=values,
            x=list(labels),
            y=list(labels),
            text=text,
            texttemplate="%{text}",
            colorscale="Balance" if signed else "Cividis",
            zmin=-top if signed else 0,
            zmax=top if signed else 1,
            showscale=False,
            hovertemplate="truth %{y}, answer %{x}: %{z:.3f}<extra></extra>",
        )
    )
    frame(fig, name, "answer", "truth", 300)
    fig.update_yaxes(autorange="reversed")
    return fig


def roc(blocks: Blocks, labels: Sequence[str]) -> go.Figure | None:
    """ROC curves, one per class against the rest: colour = class, dashes = second model."""
    fig = go.Figure()
    for place, (name, block) in enumerate(blocks):
        for key, curve in (block.get("roc") or {}).items():
            label = labels[int(key)] if key.isdigit() and int(key) < len(labels) else key
            fig.add_scatter(
                x=curve["fpr"],
                y=curve["tpr"],
                mode="lines",
                name=f"{name}: {label}",
                line={"dash": ("solid", "dash")[place % 2]},
                line_color=PALETTE[int(key) % len(PALETTE) if key.isdigit() else 0],
            )
    if not fig.data:
        return None
    _diagonal(fig)
    n = blocks[0][1].get("n", "?")
    return frame(fig, f"ROC (n = {n})", "false positive rate", "true positive rate")


def reliability(blocks: Blocks) -> go.Figure | None:
    """Accuracy against confidence, where a block holds `reliability` bins."""
    fig = go.Figure()
    for name, block in blocks:
        bins = block.get("reliability")
        if isinstance(bins, list) and bins:
            n = sum(b["n"] for b in bins)
            fig.add_scatter(
                x=[b["confidence"] for b in bins],
                y=[b["accuracy"] for b in bins],
                mode="lines+markers",
                name=f"{name} (n = {n})",
                customdata=[b["n"] for b in bins],
                hovertemplate="confidence %{x:.2f}, accuracy %{y:.2f}, n %{customdata}",
            )
    if not fig.data:
        return None
    _diagonal(fig)
    title = "Reliability after calibration"
    return frame(fig, title, "mean confidence in bin", "accuracy in bin")


def _diagonal(fig: go.Figure) -> None:
    fig.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, line={"dash": "dot", "width": 1}, opacity=0.5
    )
    fig.update_xaxes(range=[-0.02, 1.02])
    fig.update_yaxes(range=[-0.02, 1.02])


def per_class(blocks: Blocks, labels: Sequence[str], key: str) -> go.Figure | None:
    """Bars of one figure per class, with intervals where there are any.

    Args:
        blocks: results whose `per_class` lists {"recall", "f1", "n"} in the order of the labels.
        labels: display names.
        key: which figure.
    """
    fig = go.Figure()
    for place, (name, block) in enumerate(blocks):
        rows = block.get("per_class") or []
        known = [
            (label, row[key], row.get("n"))
            for label, row in zip(labels, rows)
            if centre(row.get(key)) is not None
        ]
        middle = [centre(value) or 0.0 for _, value, _ in known]
        limits = [interval(value) or (m, m) for (_, value, _), m in zip(known, middle)]
        fig.add_bar(
            x=[f"{label}<br>n = {n}" for label, _, n in known],
            y=middle,
            name=name,
            marker_color=PALETTE[place],
            error_y={
                "type": "data",
                "array": [high - m for m, (_, high) in zip(middle, limits)],
                "arrayminus": [m - low for m, (low, _) in zip(middle, limits)],
            },
        )
    if not any(len(trace.x) for trace in fig.data):
        return None
    fig.update_yaxes(range=[0, 1.02])
    return frame(fig, f"{key.capitalize()} per class, 95 % CI", "class", key)


def probabilities(predictions: Sequence[tuple[str, dict[str, float]]]) -> go.Figure:
    """Calibrated class probabilities of one image by several models."""
    fig = go.Figure()
    for place, (name, chances) in enumerate(predictions):
        fig.add_bar(
            y=list(chances),
            x=list(chances.values()),
            orientation="h",
            name=name,
            marker_color=PALETTE[place],
        )
    fig.update_xaxes(range=[0, 1])
    fig.update_yaxes(autorange="reversed")
    height = 150 + 34 * max(len(c) for _, c in predictions)
    return frame(fig, "This image (n = 1)", "calibrated probability", "class", height)
