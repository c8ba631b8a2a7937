"""What happens to images on their way: re-encoding, resampling, blur, noise, crop, gamma.

Each function takes uint8 pixels (H, W, C) and an amount, and gives the same shape back. Training
draws random chains of them for real and synthetic images alike; evaluation walks along one.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

Degradation = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

RESAMPLING = (
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _pixels(image: Image.Image, like: np.ndarray) -> np.ndarray:
    image = image.convert("L" if like.shape[-1] == 1 else "RGB")
    return np.asarray(image, dtype=np.uint8).reshape(like.shape)


def _encoded(pixels: np.ndarray, format: str, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    _image(pixels).save(stream, format, quality=quality)
    with Image.open(stream, formats=(format,)) as image:
        return _pixels(image, pixels)


def jpeg(pixels: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Encode as JPEG at a quality of 1 to 100 and decode."""
    return _encoded(pixels, "JPEG", round(quality))


def webp(pixels: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Encode as lossy WebP at a quality of 1 to 100 and decode."""
    return _encoded(pixels, "WEBP", round(quality))


def scale(pixels: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Resize by a factor and back, each way with a filter drawn at random (never nearest down)."""
    height, width = pixels.shape[:2]
    there = (max(1, round(width * factor)), max(1, round(height * factor)))
    out, back = (RESAMPLING[i] for i in rng.integers(1, len(RESAMPLING), 2))
    return _pixels(_image(pixels).resize(there, out).resize((width, height), back), pixels)


def blur(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur with a standard deviation in pixels."""
    return _pixels(_image(pixels).filter(ImageFilter.GaussianBlur(sigma)), pixels)


def noise(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with a standard deviation in grey levels of 255."""
    noisy = pixels + rng.normal(0, sigma, pixels.shape)
    return np.rint(np.clip(noisy, 0, 255)).astype(np.uint8)


def crop(pixels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Cut a share of the side away at a random place and resize to the old size."""
    height, width = pixels.shape[:2]
    rows, columns = round(height * (1 - share)), round(width * (1 - share))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    cut = _image(pixels).crop((left, top, left + columns, top + rows))
    return _pixels(cut.resize((width, height), Image.Resampling.BICUBIC), pixels)


def gamma(pixels: np.ndarray, power: float, rng: np.random.Generator) -> np.ndarray:
    """Raise grey levels in [0, 1] to a power."""
    table = np.rint(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return table[pixels]


DEGRADATIONS: dict[str, Degradation] = {
    "jpeg": jpeg,
    "webp": webp,
    "scale": scale,
    "blur": blur,
    "noise": noise,
    "crop": crop,
    "gamma": gamma,
}
