"""Small re-encodings that an upload may have gone through: a verdict should survive them."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

_NOISE = 0.02  # standard deviation as a share of the grey range


def _jpeg(quality: int) -> Callable[[Image.Image, int], Image.Image]:
    def encode(image: Image.Image, size: int) -> Image.Image:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        return Image.open(stream, formats=["JPEG"])

    return encode


def _half(image: Image.Image, size: int) -> Image.Image:
    side = max(1, size // 2)
    return image.resize((side, side), Image.Resampling.BICUBIC)


def _blur(image: Image.Image, size: int) -> Image.Image:
    # the same strength at the model's resolution, whatever the upload's
    return image.filter(ImageFilter.GaussianBlur(0.75 * max(image.size) / size))


def _noise(image: Image.Image, size: int) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float32) / 255
    noisy = pixels + np.random.default_rng(0).normal(0, _NOISE, pixels.shape)
    return Image.fromarray(np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8))


DEGRADATIONS: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "JPEG quality 90": _jpeg(90),
    "JPEG quality 75": _jpeg(75),
    "JPEG quality 50": _jpeg(50),
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
        uint8 arrays.
    """
    array = image if image.dtype == np.uint8 else np.rint(np.clip(image, 0, 1) * 255)
    given = Image.fromarray(array.astype(np.uint8).squeeze())
    base = given.copy()
    base.thumbnail((4 * size, 4 * size), Image.Resampling.BICUBIC)
    strip = {"as given": np.asarray(given)}
    for name, apply in DEGRADATIONS.items():
        strip[name] = np.asarray(apply(base, size))
    return strip
