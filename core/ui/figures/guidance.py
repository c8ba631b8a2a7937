"""Figure of guidance: how well images follow the text, and how alike they become."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from core.text.conditions import NAMES
from core.ui.figures.frame import PALETTE, frame


def trade_off(found: dict[str, Any]) -> go.Figure:
    """Agreement by condition and MS-SSIM over the amount of guidance, with 95 % intervals.

    Args:
        found: what `evaluate text-guidance` wrote.
    """
    rows = found["rows"]
    amounts = [r["guidance"] for r in rows]
    fig = go.Figure()
    for place, condition in enumerate(rows[0]["agreement"]):
        told = [r["agreement"][condition] for r in rows]
        if all(told):
            label = f"Follows the text: {NAMES[condition].split(',')[0].lower()}"
            fig.add_trace(_line(amounts, told, "rate", label, PALETTE[place]))
    alike = [r["ms_ssim"] for r in rows]
    fig.add_trace(_line(amounts, alike, "mean", "Images alike (MS-SSIM)", PALETTE[7], "dot"))
    fig.add_hline(
        found["real_ms_ssim"]["mean"], line={"color": PALETTE[7], "width": 1},
        annotation_text="real images alike", annotation_position="bottom right",
    )  # fmt: skip
    fig.add_vline(
        found["chosen"], line={"dash": "dash", "width": 1}, annotation_text="default",
        annotation_position="bottom right",
    )  # fmt: skip
    fig.update_yaxes(range=[0, 1.05])
    title = f"Guidance: agreement for variety (n = {found['n']} images a point, validation texts)"
    return frame(fig, title, "Guidance", "Share; MS-SSIM", 380)


def _line(
    x: list[float],
    told: list[dict[str, Any]],
    key: str,
    label: str,
    colour: str,
    dash: str = "solid",
) -> go.Scatter:
    y = [t[key] for t in told]
    return go.Scatter(
        x=x, y=y, name=label, mode="lines+markers", line={"color": colour, "dash": dash},
        error_y={
            "array": [t["ci"][1] - v for t, v in zip(told, y)],
            "arrayminus": [v - t["ci"][0] for t, v in zip(told, y)],
            "thickness": 1,
        },
    )  # fmt: skip
