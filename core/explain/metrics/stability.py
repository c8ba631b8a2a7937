"""Stability of a map under changes of the image that nobody would see."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def as_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """An image (S, S, C) uint8 after JPEG compression and decoding."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).reshape(pixels.shape)


def with_noise(pixels: np.ndarray, deviation: float, seed: int) -> np.ndarray:
    """An image (S, S, C) uint8 with Gaussian noise; the deviation is on the [0, 1] scale."""
    noise = np.random.default_rng(seed).normal(0, 255 * deviation, pixels.shape)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
