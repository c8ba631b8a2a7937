"""Figures behind a verdict: the stability strip, the spectrum, the noise residual."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from scipy import ndimage

from core.ui.figures.frame import frame

_COLOURS = {"real": "#0072B2", "synthetic": "#8C5FB8", "unsure": "#E69F00"}
_SIDE = 256  # spectra are compared at one size


def stability(strip: list[dict[str, Any]]) -> go.Figure:
    """The probability under each re-encoding, one dot a line, coloured by verdict."""
    fig = go.Figure()
    names = [entry["name"] for entry in strip]
    for verdict, colour in _COLOURS.items():
        own = [entry for entry in strip if entry["verdict"] == verdict]
        if own:
            fig.add_scatter(
                x=[e["p_synthetic"] for e in own],
                y=[e["name"] for e in own],
                mode="markers",
                name=verdict,
                marker={"size": 11, "color": colour},
            )
    fig.add_vline(x=0.5, line_dash="dot", line_width=1, opacity=0.5)
    title = f"Stability (n = {len(names)} versions of this file)"
    frame(fig, title, "P(synthetic), calibrated", "", 120 + 26 * len(names))
    fig.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    fig.update_xaxes(range=[-0.03, 1.03])
    return fig


def grey_square(pixels: np.ndarray) -> np.ndarray:
    """An image as a grey square of the common size, (256, 256) float in [0, 1]."""
    unit = pixels / 255 if pixels.dtype == np.uint8 else pixels
    grey = unit.mean(axis=2) if unit.ndim == 3 else unit
    zoom = (_SIDE / grey.shape[0], _SIDE / grey.shape[1])
    return np.asarray(ndimage.zoom(grey.astype(np.float32), zoom, order=1))


def radial_spectrum(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuthal mean of the power spectrum of a square image.

    Args:
        grey: (S, S) float.

    Returns:
        Spatial frequency in cycles per pixel, (S/2,), and log10 power, (S/2,).
    """
    side = grey.shape[0]
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean()) * window))) ** 2
    y, x = np.indices(power.shape) - side // 2
    radius = np.hypot(x, y).astype(int)
    rings = np.bincount(radius.ravel(), power.ravel()) / np.bincount(radius.ravel())
    return np.arange(side // 2) / side, np.log10(rings[: side // 2] + 1e-12)


def spectrum(pixels: np.ndarray, others: list[np.ndarray], name: str) -> go.Figure:
    """The image's spectrum over the range of our synthetic images' spectra.

    Args:
        pixels: the image.
        others: images to draw as a 5–95 % band; none leaves the band out.
        name: what the band is of.
    """
    fig = go.Figure()
    at, own = radial_spectrum(grey_square(pixels))
    if others:
        lines = np.stack([radial_spectrum(grey_square(o))[1] for o in others])
        low, high = np.percentile(lines, [5, 95], axis=0)
        fig.add_scatter(x=at[1:], y=low[1:], line_width=0, showlegend=False, hoverinfo="skip")
        label = f"{name} (n = {len(others)}, 5–95 %)"
        fig.add_scatter(x=at[1:], y=high[1:], line_width=0, fill="tonexty", name=label)
    fig.add_scatter(x=at[1:], y=own[1:], name="this image")
    title = "Power spectrum, averaged over directions (n = 1 image)"
    return frame(fig, title, "cycles per pixel (at 256 px)", "log₁₀ power", 320)


def residual(pixels: np.ndarray) -> np.ndarray:
    """What a median filter takes away, stretched to its 1–99 % range: (256, 256) uint8."""
    grey = grey_square(pixels)
    noise = grey - ndimage.median_filter(grey, size=3)
    low, high = np.percentile(noise, [1, 99])
    return np.rint(np.clip((noise - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
