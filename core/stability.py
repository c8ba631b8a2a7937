"""Small re-encodings that an upload may have gone through: a verdict should survive them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from core.degradations import blur, jpeg, noise

_NOISE = 5.1  # standard deviation in grey levels of 255

Reencoding = Callable[[np.ndarray, int], np.ndarray]


def _jpeg(pixels: np.ndarray, size: int, quality: int) -> np.ndarray:
    return jpeg(pixels, quality, np.random.default_rng(0))


def _half(pixels: np.ndarray, size: int) -> np.ndarray:
    side = max(1, size // 2)
    small = Image.fromarray(pixels.squeeze()).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(small)


def _blur(pixels: np.ndarray, size: int) -> np.ndarray:
    # the same strength at the model's resolution, whatever the upload's
    return blur(pixels, 0.75 * max(pixels.shape[:2]) / size, np.random.default_rng(0))


def _noise(pixels: np.ndarray, size: int) -> np.ndarray:
    return noise(pixels, _NOISE, np.random.default_rng(0))


DEGRADATIONS: dict[str, Reencoding] = {
    "JPEG quality 90": partial(_jpeg, quality=90),
    "JPEG quality 75": partial(_jpeg, quality=75),
    "JPEG quality 50": partial(_jpeg, quality=50),
    "half size": _half,
    "blur": _blur,
    "noise": _noise,
}


def degrade(image: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Every degradation of an image by name, the unchanged image ("as given") first.

    Args:
        image: (H, W) or (H, W, 3), float in [0, 1] or uint8. Sides above four times `size` are
            reduced first: detail beyond that never reaches the model.
        size: side of the model's square input in pixels; "half size" is half of this.

    Returns:
        uint8 arrays, (H, W) or (H, W, 3).
    """
    array = image if image.dtype == np.uint8 else np.rint(np.clip(image, 0, 1) * 255)
    given = Image.fromarray(array.astype(np.uint8).squeeze())
    base = given.copy()
    base.thumbnail((4 * size, 4 * size), Image.Resampling.BICUBIC)
    pixels = np.asarray(base)
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    strip = {"as given": np.asarray(given)}
    for name, apply in DEGRADATIONS.items():
        made = apply(pixels, size)
        strip[name] = made[..., 0] if made.ndim == 3 and made.shape[-1] == 1 else made
    return strip
