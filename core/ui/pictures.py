"""Images as text for the page: data URIs, and the difference of two images in colour."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

import numpy as np
from PIL import Image


def uri(pixels: np.ndarray) -> str:
    """An image as a PNG in a data URI, compressed little: it is made anew at every move."""
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def difference(start: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """Absolute change as a perceptually uniform colour map, (S, S, 3) uint8."""
    change = np.abs(edited.astype(np.int16) - start).mean(axis=2)
    top = change.max()
    levels = np.rint(change / top * 255).astype(int) if top else np.zeros(change.shape, int)
    return colours("Cividis")[levels]


@lru_cache(maxsize=4)
def colours(name: str) -> np.ndarray:
    """A plotly colour scale as a table, (256, 3) uint8."""
    import plotly.colors

    points = np.linspace(0, 1, 256).tolist()
    table = plotly.colors.sample_colorscale(name, points, colortype="tuple")
    return np.rint(np.array(table) * 255).astype(np.uint8)
