"""An explanation as files: a grid of overlays as PNG, raw maps, and all numbers as plain values."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from core.explain.service import Explanation
from core.services.overlay import overlay

_GAP = 4


def png_grid(found: list[Explanation], methods: list[str] | None = None, scale: int = 2) -> bytes:
    """A PNG with one row per explanation: what the model saw, then one overlay per method.

    Args:
        found: explanations; their sides may differ.
        methods: columns, in order; those of the first explanation by default. A method that a
            model does not have leaves its place empty.
        scale: enlargement.
    """
    methods = methods or list(found[0].maps)
    side = scale * max(len(one.pixels) for one in found)
    canvas = np.full(
        (len(found) * (side + _GAP) - _GAP, (len(methods) + 1) * (side + _GAP) - _GAP, 3),
        255,
        np.uint8,
    )
    for row, one in enumerate(found):
        plain = np.broadcast_to(one.pixels, (*one.pixels.shape[:2], 3))
        tiles = [plain, *(overlay(one.pixels, one.maps[m]) if m in one.maps else None
                          for m in methods)]  # fmt: skip
        for column, tile in enumerate(tiles):
            if tile is None:
                continue
            image = Image.fromarray(np.ascontiguousarray(tile)).resize((side, side))
            top, left = row * (side + _GAP), column * (side + _GAP)
            canvas[top : top + side, left : left + side] = np.asarray(image)
    return _png(canvas)


def npy(values: np.ndarray) -> bytes:
    """One map as an .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def numbers(one: Explanation) -> dict[str, Any]:
    """Everything but the images, ready for JSON."""
    return {
        "model": one.model,
        "domain": one.domain,
        "target": one.target,
        "against": one.against,
        "prediction": one.prediction,
        "info": one.info,
        "metrics": one.metrics,
        "agreement": one.agreement,
        "randomisation": one.randomisation,
        "settings": one.settings,
        "reading": one.reading.sentence,
    }


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
