"""How far to trust a detector: by family, seen or never seen, and along each degradation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.ui.figures.frame import PALETTE, frame

_KINDS = {
    "seen": (PALETTE[0], "circle", "trained on (fresh images)"),
    "left out": (PALETTE[1], "diamond", "a detector trained without this family"),
    "never trained on": (PALETTE[2], "square", "in no detector's training"),
    "without the decoder": (PALETTE[3], "x", "a detector trained without the shared decoder"),
}
_AXES = {
    "jpeg": "JPEG quality", "webp": "WebP quality", "scale": "resized to", "blur": "blur σ, px",
    "noise": "noise σ, levels", "crop": "cropped share", "gamma": "gamma",
}  # fmt: skip
Point = tuple[str, str, dict[str, Any]]
"""(family, kind, figure with "value" and "ci")."""


def by_family(points: Sequence[Point], n_real: int) -> go.Figure:
    """Balanced accuracy with its interval, a line per family, a mark per kind of training."""
    fig = go.Figure()
    for kind, (colour, symbol, words) in _KINDS.items():
        own = [(family, found) for family, k, found in points if k == kind]
        if not own:
            continue
        centre = [found["value"] for _, found in own]
        fig.add_scatter(
            x=centre, y=[family for family, _ in own], mode="markers", name=words,
            marker={"size": 10, "color": colour, "symbol": symbol},
            error_x={
                "type": "data", "thickness": 1,
                "array": [f["ci"][1] - v for (_, f), v in zip(own, centre)],
                "arrayminus": [v - f["ci"][0] for (_, f), v in zip(own, centre)],
            },
        )  # fmt: skip
    families = list(dict.fromkeys(family for family, _, _ in points))
    fig.add_vline(x=0.5, line_dash="dot", line_width=1, opacity=0.5)
    title = f"Each family against real images (n = {n_real} real test images; 95 % intervals)"
    frame(fig, title, "balanced accuracy, validation threshold", "", 190 + 30 * len(families))
    fig.update_yaxes(categoryorder="array", categoryarray=families[::-1])
    fig.update_xaxes(range=[0.3, 1.03])
    return fig


def along_degradations(
    curves: dict[str, list[dict[str, float]]], unseen: dict[str, Any] | None = None
) -> go.Figure:
    """Balanced accuracy along each degradation, small multiples on one scale.

    Args:
        curves: of the detector's `metrics.json`.
        unseen: `kinds` of `unseen_degradation.json`: a detector that never trained on the kind.
    """
    names = [name for name in _AXES if name in curves]
    columns, unseen = 2, unseen or {}  # two also fit a phone
    fig = make_subplots(
        -(-len(names) // columns), columns, shared_yaxes=True, vertical_spacing=0.11,
        subplot_titles=[_AXES[name] for name in names],
    )  # fmt: skip
    first = next((name for name in names if name in unseen), None)
    for place, name in enumerate(names):
        lines = [(curves[name], PALETTE[0], "this detector")]
        if name in unseen:
            points = [p for p in unseen[name]["curve"] if p["amount"] is not None]
            words = f"a detector never trained on it (n = {points[0]['n']})"
            lines.append((points, PALETTE[1], words))
        for points, colour, words in lines:
            row = sorted(points, key=lambda point: point["amount"])
            fig.add_scatter(
                x=[p["amount"] for p in row], y=[_value(p["balanced_accuracy"]) for p in row],
                mode="lines+markers", line={"color": colour}, name=words,
                showlegend=name == first, row=place // columns + 1, col=place % columns + 1,
            )  # fmt: skip
    n = int(next(iter(curves.values()))[0]["n"]) if curves else 0
    frame(fig, f"Under degradation (n = {n} test images, real and synthetic)", "", "", 720)
    fig.update_yaxes(range=[0.45, 1.02], nticks=4)
    fig.update_xaxes(nticks=5, tickangle=0)
    fig.update_annotations(font_size=12)
    fig.update_layout(margin={"t": 96})
    return fig


def _value(figure: Any) -> float:
    return float(figure["value"] if isinstance(figure, dict) else figure)
