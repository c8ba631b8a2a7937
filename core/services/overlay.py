"""A signed map painted over the image it explains."""

from __future__ import annotations

import numpy as np
import plotly.colors

STRENGTH = 0.65
_STEPS = 256


def overlay(pixels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Blend a diverging colour map into an image: red speaks for the target, blue against it.

    Args:
        pixels: (S, S, C) uint8.
        values: (S, S) signed; scaled by its 99th percentile of magnitude.

    Returns:
        (S, S, 3) uint8; where the map is zero the image shows unchanged.
    """
    base = np.broadcast_to(pixels / 255, (*values.shape, 3))
    limit = float(np.percentile(np.abs(values), 99)) or 1.0
    share = np.clip(values / limit, -1, 1)
    points = np.linspace(0, 1, _STEPS + 1).tolist()
    table = plotly.colors.sample_colorscale("RdBu_r", points, colortype="tuple")
    colour = np.array(table)[np.rint((share + 1) / 2 * _STEPS).astype(int)]  # (S, S, 3)
    weight = STRENGTH * np.abs(share)[..., None]
    return np.rint(255 * (base * (1 - weight) + colour * weight)).astype(np.uint8)
