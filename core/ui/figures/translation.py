"""Figures of translations: error and evidence over a slice, errors by case, the training curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.colors
import plotly.graph_objects as go

from core.ui.figures.frame import PALETTE, frame
from core.ui.text import number

STRONGEST = 60.0  # grey levels: an error of this size has the full colour
FIGURES = {
    "mae": ("MAE, grey levels", 1, "↓"),
    "mae_hu": ("MAE, HU in the window", 1, "↓"),
    "psnr": ("PSNR, dB", 1, "↑"),
    "ssim": ("SSIM", 3, "↑"),
    "dice_head": ("Dice head", 3, "↑"),
    "dice_skull": ("Dice skull", 3, "↑"),
    "dice_brain": ("Dice brain", 3, "↑"),
    "cycle": ("Cycle error, grey levels", 1, "↓"),
}


def signed(values: np.ndarray, top: float, ground: np.ndarray | None = None) -> np.ndarray:
    """A signed map in blue (below) and red (above), over a slice where one is given.

    Args:
        values: (S, S).
        top: the value of full colour.
        ground: (S, S) uint8.

    Returns:
        (S, S, 3) uint8.
    """
    share = np.clip(values / (top or 1.0), -1, 1)
    if ground is None:
        ground = np.zeros(values.shape, np.uint8)
    ends = [np.array(c, np.float32) for c in ((86, 180, 233), (240, 100, 60))]
    colour = np.where(share[..., None] < 0, ends[0], ends[1])
    weight = np.sqrt(np.abs(share))[..., None] * 0.9
    mixed = (1 - weight) * ground[..., None].astype(np.float32) * 0.8 + weight * colour
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def heat(values: np.ndarray, ground: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """A map from 0 to 1 over a slice, with the outline of a region: (S, S, 3) uint8."""
    colours = np.array(plotly.colors.sample_colorscale("Inferno", 256, colortype="tuple")) * 255
    share = np.clip(values, 0, 1) ** 0.5
    colour = colours[(share * 255).astype(int)]
    weight = np.minimum(1.0, 1.4 * share)[..., None] * 0.85
    mixed = (1 - weight) * ground[..., None] * 0.8 + weight * colour
    return outlined(np.rint(mixed).clip(0, 255).astype(np.uint8), box)


def outlined(picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """A copy in colour with a region's outline: (S, S) or (S, S, 3) to (S, S, 3) uint8."""
    out = np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture.copy()
    left, top, right, bottom = box
    for rows, columns in (
        (slice(top, top + 1), slice(left, right)),
        (slice(bottom - 1, bottom), slice(left, right)),
        (slice(top, bottom), slice(left, left + 1)),
        (slice(top, bottom), slice(right - 1, right)),
    ):
        out[rows, columns] = (0, 220, 160)
    return out


def with_interval(found: dict[str, Any] | None, digits: int) -> str:
    """A figure as "31.2 (28.0 to 34.9)", a dash where it is not known."""
    if not found or found.get("value") is None:
        return "–"
    low, high = found["ci"]
    value = number(found["value"], digits)
    return f"{value} ({number(low, digits)} to {number(high, digits)})"


def table(rows: dict[str, dict[str, Any]], differences: bool = False) -> list[dict[str, str]]:
    """One line a model, one column a figure, each with its interval over cases.

    Args:
        rows: by model title, figures as `evaluate translator` wrote them.
        differences: the figures are differences: give them their sign.
    """
    found = []
    for title, figures in rows.items():
        line = {"Model": title}
        for name, (label, digits, arrow) in FIGURES.items():
            if name in figures:
                text = with_interval(figures[name], digits)
                plus = differences and text != "–" and figures[name]["value"] > 0
                line[f"{label} {arrow}"] = f"+{text}" if plus else text
        found.append(line)
    return found


def by_case(rows: dict[str, dict[str, Any]], figure: str) -> go.Figure:
    """One point a case and model: how much people differ."""
    fig, most = go.Figure(), 0
    for k, (title, cases) in enumerate(rows.items()):
        known = {c: v[figure] for c, v in cases.items() if v.get(figure) is not None}
        most = max(most, len(known))
        fig.add_scatter(
            x=[f"case {c}" for c in known],
            y=list(known.values()),
            mode="markers",
            name=title,
            marker={"size": 10, "color": PALETTE[k % len(PALETTE)], "symbol": k % 6},
        )
    label = FIGURES[figure][0]
    return frame(fig, f"{label}, by case (n = {most} cases)", "aligned case", label)


def training(rows: dict[str, list[dict[str, Any]]], key: str, label: str) -> go.Figure:
    """A validation figure against images seen, one line a model."""
    fig = go.Figure()
    for k, (title, log) in enumerate(rows.items()):
        points = [(r["images_seen"], r[key]) for r in log if key in r]
        fig.add_scatter(
            x=[p[0] for p in points],
            y=[p[1] for p in points],
            mode="lines+markers",
            name=title,
            line={"color": PALETTE[k % len(PALETTE)]},
        )
    return frame(fig, f"{label} while training (n = 1 case)", "slices seen", label)
