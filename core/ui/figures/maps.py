"""Attribution maps over their image: one look for all, zoom and hover linked."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.colors
import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

if TYPE_CHECKING:
    from core.explain.service import Explanation

STRONGEST = 99.5  # percentile that counts as full strength
SEQUENTIAL = ("Cividis", "Viridis", "Inferno", "Magma")
DIVERGING = ("Balance", "RdBu_r", "Curl")
TITLES = {
    "gradcam": "Grad-CAM",
    "ig": "IG",
    "shap": "SHAP",
    "gradcam_plus_plus": "Grad-CAM++",
    "gradcam++": "Grad-CAM++",
    "smoothgrad": "SmoothGrad",
    "occlusion": "Occlusion",
    "kernel_shap": "KernelSHAP",
    "attention_rollout": "Attention rollout",
}


@dataclass(frozen=True)
class Look:
    """How maps are drawn, shared by all of a page.

    Attributes:
        opacity: of the strongest evidence, 0 to 1.
        threshold: values below this share of a map's largest are left out.
        scale: a plotly colour scale; one of `SEQUENTIAL`, or of `DIVERGING` for signed maps.
        signed: show evidence for and against; otherwise the strength alone.
        stacked: one map a line, for narrow screens.
    """

    opacity: float = 0.7
    threshold: float = 0.1
    scale: str = "Cividis"
    signed: bool = False
    stacked: bool = False


def title(method: str) -> str:
    """A method's name for people."""
    return TITLES.get(method, method.replace("_", " "))


def scaled(values: np.ndarray, signed: bool) -> np.ndarray:
    """A map in units of its own strongest half percent: [-1, 1] signed, [0, 1] otherwise.

    Single extreme pixels, which gradients often have, would leave the rest of a map invisible.
    """
    top = float(np.percentile(np.abs(values), STRONGEST)) or float(np.abs(values).max()) or 1.0
    share = np.clip(values / top, -1, 1)
    return share if signed else np.abs(share)


def faded(scale: str, signed: bool, opacity: float) -> list[list[Any]]:
    """A colour scale whose opacity grows with the strength of the evidence."""
    at = np.linspace(0, 1, 33)
    colours = plotly.colors.sample_colorscale(scale, at.tolist(), colortype="tuple")
    strength = np.abs(2 * at - 1) if signed else at
    alpha = opacity * np.minimum(1.0, 1.5 * strength)
    return [
        [float(p), f"rgba({r * 255:.0f},{g * 255:.0f},{b * 255:.0f},{a:.3f})"]
        for p, (r, g, b), a in zip(at, colours, alpha)
    ]


def grid(found: Sequence[Explanation], methods: Sequence[str], look: Look) -> go.Figure:
    """Rows = models, columns = the image and one map per method; axes are linked.

    Hovering any panel gives the values of every method at that pixel.
    """
    columns = ["input", *methods]
    shape = (len(found) * len(columns), 1) if look.stacked else (len(found), len(columns))
    names = [title(m) if m != "input" else "Input" for m in columns]
    fig = make_subplots(
        *shape,
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.012,
        vertical_spacing=0.05 / max(1, shape[0] - 1) if shape[0] > 1 else 0.05,
        subplot_titles=names * len(found) if look.stacked else names,
    )
    for row, one in enumerate(found):
        for column, method in enumerate(columns):
            place = row * len(columns) + column
            at = (place + 1, 1) if look.stacked else (row + 1, column + 1)
            _panel(fig, at, one, method, methods, look)
    _layout(fig, look, shape, found)
    return fig


def _panel(
    fig: go.Figure,
    at: tuple[int, int],
    one: Explanation,
    method: str,
    methods: Sequence[str],
    look: Look,
) -> None:
    fig.add_image(source=data_uri(one.pixels), hoverinfo="skip", row=at[0], col=at[1])
    if method not in one.maps:
        return
    values = scaled(one.maps[method], look.signed)
    known = [m for m in methods if m in one.maps]
    every = np.stack([scaled(one.maps[m], look.signed) for m in known], axis=-1)
    lines = [f"{title(m)} %{{customdata[{i}]:.2f}}" for i, m in enumerate(known)]
    fig.add_heatmap(
        z=np.where(np.abs(values) < look.threshold, np.nan, values),
        zmin=-1 if look.signed else 0,
        zmax=1,
        coloraxis="coloraxis",
        customdata=every,
        hovertemplate="x %{x} px, y %{y} px<br>" + "<br>".join(lines) + "<extra></extra>",
        hoverongaps=False,
        row=at[0],
        col=at[1],
    )


def data_uri(pixels: np.ndarray) -> str:
    """An image (S, S), (S, S, 1) or (S, S, 3) uint8 as a PNG in a data URI."""
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).convert("RGB").save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _layout(
    fig: go.Figure, look: Look, shape: tuple[int, int], found: Sequence[Explanation]
) -> None:
    name = (
        "evidence against (−) and for (+), ±1 = strongest ½ %"
        if look.signed
        else "strength of evidence, 1 = strongest ½ %"
    )
    fig.update_layout(
        coloraxis={
            "colorscale": faded(look.scale, look.signed, look.opacity),
            "cmin": -1 if look.signed else 0,
            "cmax": 1,
            "colorbar": {
                "title": {"text": name, "side": "bottom"},
                "orientation": "h",
                "y": -0.06,
                "yanchor": "top",
                "thickness": 10,
                "len": 0.6,
            },
        },
        height=(330 if look.stacked else 290) * shape[0] + 70,
        margin={"l": 4, "r": 4, "t": 30, "b": 60},
    )
    fig.update_xaxes(
        showticklabels=False, ticks="", showgrid=False, zeroline=False, constrain="domain"
    )
    fig.update_annotations(font_size=13)
    fig.update_yaxes(
        showticklabels=False, ticks="", showgrid=False, zeroline=False, autorange="reversed",
        scaleanchor="x", constrain="domain", constraintoward="top",
    )  # fmt: skip
    for row, one in enumerate(found):
        if not look.stacked:
            fig.update_yaxes(title_text=one.title, row=row + 1, col=1)
