"""What in a generator made an image: shares of layers, spatial attributions, features over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.ui.figures.frame import frame

if TYPE_CHECKING:
    from core.explain.generator import GeneratorExplanation

MOST = 12  # panels or bars of one figure


def framed(
    pixels: np.ndarray, region: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """An image (S, S, C) uint8 in colour, with a region's outline (shares of the side) drawn in."""
    image = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels.copy()
    if region is not None:
        side = len(image) - 1
        top, left, bottom, right = (round(share * side) for share in region)
        image[[top, bottom], left : right + 1] = image[top : bottom + 1, [left, right]] = (
            230, 159, 0,
        )  # fmt: skip
    return image


def _panels(maps: dict[str, np.ndarray], title: str, signed: bool, columns: int = 4) -> go.Figure:
    rows = -(-len(maps) // columns)
    side = max(len(values) for values in maps.values())
    fig = make_subplots(
        rows, columns, subplot_titles=list(maps), horizontal_spacing=0.01,
        vertical_spacing=0.12 / max(1, rows - 1) if rows > 1 else 0.1,
    )  # fmt: skip
    for place, values in enumerate(maps.values()):
        top = float(np.abs(values).max()) or 1.0
        at = {"row": place // columns + 1, "col": place % columns + 1}
        fig.add_heatmap(
            z=_enlarged(values, side) / top, zmin=-1 if signed else 0, zmax=1, showscale=False,
            colorscale="RdBu_r" if signed else "Cividis",
            hovertemplate="%{z:.2f} of the largest<extra></extra>", **at,
        )  # fmt: skip
    frame(fig, title, "", "", 190 * rows + 80)
    fig.update_xaxes(showticklabels=False, constrain="domain")
    fig.update_yaxes(
        showticklabels=False, autorange="reversed", scaleanchor="x", constrain="domain"
    )
    fig.update_annotations(font_size=11)
    return fig


def _enlarged(values: np.ndarray, side: int) -> np.ndarray:
    """A map (h, w) at (side, side) by nearest neighbour: all panels then share their axes."""
    rows, columns = (np.arange(side) * n // side for n in values.shape)
    return values[rows][:, columns]


def layer_maps(layers: dict[str, np.ndarray]) -> go.Figure:
    """Signed attribution to the feature maps of layers from coarse to fine, each by its largest."""
    chosen = np.unique(np.linspace(0, len(layers) - 1, min(MOST, len(layers))).astype(int))
    names = [list(layers)[i] for i in chosen]
    short = {name: name.removeprefix("synthesis.") for name in names}
    shown = {f"{short[name]} ({layers[name].shape[0]} px)": layers[name] for name in names}
    title = "Where in the layers it was made: red adds to it, blue takes away (n = 1 image)"
    return _panels(shown, title, signed=True)


def over_time(features: list[np.ndarray], level: str) -> go.Figure:
    """Feature magnitude of one level at every evaluation, from noise to image."""
    chosen = np.unique(np.linspace(0, len(features) - 1, min(MOST, len(features))).astype(int))
    shown = {f"step {i + 1} of {len(features)}": features[i] for i in chosen}
    return _panels(shown, f"What '{level}' looks at over time (n = 1 image)", signed=False)


def layer_shares(found: GeneratorExplanation) -> go.Figure:
    """Share of the attribution to w that each layer's style carries."""
    share = found.share_by_layer
    fig = go.Figure(go.Bar(x=list(range(1, len(share) + 1)), y=share))
    fig.update_yaxes(tickformat=".0%")
    return frame(fig, "Style by layer (n = 1 image)", "layer, coarse to fine", "share")


def coordinates(values: np.ndarray, name: str) -> go.Figure:
    """The strongest coordinates of a code, signed."""
    order = np.argsort(-np.abs(values))[:MOST]
    fig = go.Figure(go.Bar(x=[f"{name}{i}" for i in order], y=values[order]))
    return frame(fig, f"Strongest coordinates of {name} (n = 1 image)", "coordinate", "adds")
