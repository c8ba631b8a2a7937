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
    text = [[f"{int(v):,}" for v in row] for row in matrix]
    return _matrix(matrix / total, text, labels, f"{name} (n = {int(matrix.sum()):,})", False)


def confusion_change(first: np.ndarray, second: np.ndarray, labels: Sequence[str]) -> go.Figure:
    """Second minus first, in percentage points of each true class."""
    shares = [m / np.maximum(m.sum(axis=1, keepdims=True), 1) for m in (first, second)]
    change = shares[1] - shares[0]
    text = [[f"{v * 100:+.1f}" for v in row] for row in change]
    return _matrix(change, text, labels, f"Change, points (n = {int(second.sum()):,})", True)


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


def roc(blocks: Blocks) -> go.Figure | None:
    """ROC curves where a block holds `roc` as {"fpr", "tpr"}."""
    fig = go.Figure()
    for name, block in blocks:
        curve = block.get("roc")
        if isinstance(curve, dict) and "fpr" in curve:
            label = f"{name} (n = {block.get('n', '?')})"
            fig.add_scatter(x=curve["fpr"], y=curve["tpr"], mode="lines", name=label)
    if not fig.data:
        return None
    _diagonal(fig)
    return frame(fig, "ROC on the test set", "false positive rate", "true positive rate")


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


def per_class(blocks: Blocks, key: str) -> go.Figure | None:
    """Bars of one figure per class, with intervals where there are any.

    Args:
        blocks: results whose `per_class` maps a class to {"recall", "f1", "n" …}.
        key: which figure.
    """
    fig = go.Figure()
    for place, (name, block) in enumerate(blocks):
        rows = {
            label: values[key]
            for label, values in (block.get("per_class") or {}).items()
            if isinstance(values, dict) and centre(values.get(key)) is not None
        }
        if not rows:
            continue
        middle = [centre(v) or 0.0 for v in rows.values()]
        limits = [interval(v) or (m, m) for v, m in zip(rows.values(), middle)]
        fig.add_bar(
            x=list(rows),
            y=middle,
            name=f"{name} (n = {block.get('n', '?')})",
            marker_color=PALETTE[place],
            error_y={
                "type": "data",
                "array": [h - m for m, (_, h) in zip(middle, limits)],
                "arrayminus": [m - low for m, (low, _) in zip(middle, limits)],
                "visible": any(low < high for low, high in limits),
            },
        )
    if not fig.data:
        return None
    fig.update_yaxes(range=[0, 1.02])
    return frame(fig, f"{key.capitalize()} per class", "class", key)


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
