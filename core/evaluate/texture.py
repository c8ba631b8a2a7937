"""Texture and shape descriptors without learning: local binary patterns, radial spectrum, HOG."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PATTERNS = ((8, 1.0), (16, 2.0))  # (points, radius in pixels)


def luminance(pixels: np.ndarray) -> np.ndarray:
    """(N, S, S, 1 or 3) uint8 to (N, S, S) float64 in [0, 1]."""
    if pixels.shape[-1] == 1:
        return pixels[..., 0] / 255.0
    from skimage.color import rgb2gray  # skimage takes a while to import

    return np.asarray(rgb2gray(pixels))


def local_patterns(pixels: np.ndarray) -> np.ndarray:
    """Histograms of rotation-invariant uniform local binary patterns (Ojala et al. 2002).

    Args:
        pixels: (N, S, S, C) uint8.

    Returns:
        (N, 28): shares of 10 patterns at radius 1 and of 18 at radius 2.
    """
    grey = np.rint(luminance(pixels) * 255).astype(np.uint8)
    return np.stack([np.concatenate([_pattern(g, p, r) for p, r in PATTERNS]) for g in grey])


def _pattern(grey: np.ndarray, points: int, radius: float) -> np.ndarray:
    from skimage.feature import local_binary_pattern

    edge = int(np.ceil(radius))  # at the border neighbours outside the image count as black
    codes = local_binary_pattern(grey, points, radius, method="uniform").astype(np.int64)
    codes = codes[edge:-edge, edge:-edge]
    return np.bincount(codes.ravel(), minlength=points + 2) / codes.size


def radial_power(grey: np.ndarray) -> np.ndarray:
    """Azimuthally averaged power spectrum.

    Args:
        grey: (N, S, S) in [0, 1].

    Returns:
        (N, S // 2) log10 of the mean power at 1, 2, … S/2 cycles per image, after removal of the
        mean and a Hann window.
    """
    size = grey.shape[-1]
    window = np.outer(np.hanning(size), np.hanning(size))
    centred = (grey - grey.mean((1, 2), keepdims=True)) * window
    power = np.abs(np.fft.fft2(centred)) ** 2
    frequency = np.fft.fftfreq(size) * size
    ring = np.rint(np.hypot(*np.meshgrid(frequency, frequency))).astype(np.int64).ravel()
    count = np.bincount(ring)[1 : size // 2 + 1]
    sums = np.stack([np.bincount(ring, p.ravel())[1 : size // 2 + 1] for p in power])
    return np.log10(sums / count + 1e-8)


def spectrum(pixels: np.ndarray) -> np.ndarray:
    """Radial power spectrum of (N, S, S, C) uint8 images, (N, S // 2) in log10."""
    return radial_power(luminance(pixels))


def gradients(pixels: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal & Triggs 2005) on a 4 × 4 grid, (N, 128)."""
    from skimage.feature import hog

    grey = luminance(pixels)
    cell = grey.shape[-1] // 4
    return np.stack(
        [hog(g, 8, (cell, cell), (1, 1), block_norm="L2", feature_vector=True) for g in grey]
    )


DESCRIPTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lbp": local_patterns,
    "spectrum": spectrum,
    "hog": gradients,
}
