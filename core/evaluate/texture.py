"""Texture and shape descriptors without learning: local patterns, spectrum, co-occurrence, HOG.

Plain local patterns see differences of one grey level: on flat ground, such as the black around a
head, the last bit decides every pattern, and a real image to which one grey level of noise was
added counts as another kind of image. The tolerant ones ignore differences up to `TOLERANCE`. Both
are reported; `touched` images say how far each can be trusted.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

PATTERNS = ((8, 1.0), (16, 2.0))  # (points, radius in pixels)
TOLERANCE = 3.0  # grey levels by which a neighbour may be darker and still count as equal


LEVELS = 32  # grey levels told apart in co-occurrence matrices
DISTANCES = (1, 2, 4)  # pixels between the two of a pair
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")


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


def tolerant_patterns(pixels: np.ndarray, tolerance: float = TOLERANCE) -> np.ndarray:
    """Histograms of uniform patterns that ignore small differences, like `local_patterns`.

    A neighbour counts as at least as bright as the centre from `tolerance` grey levels below it
    (Heikkilä & Pietikäinen 2006, eq. 3), so that noise on flat ground decides nothing.

    Args:
        pixels: (N, S, S, C) uint8.
        tolerance: grey levels; 0 gives the plain patterns.

    Returns:
        (N, 28): shares of 10 patterns at radius 1 and of 18 at radius 2.
    """
    grey = np.rint(luminance(pixels) * 255).astype(np.float32)
    return np.concatenate([_tolerant(grey, p, r, tolerance) for p, r in PATTERNS], axis=1)


def _tolerant(grey: np.ndarray, points: int, radius: float, tolerance: float) -> np.ndarray:
    edge = int(np.ceil(radius))
    centre = grey[:, edge:-edge, edge:-edge]
    bits = np.stack(
        [
            _shifted(grey, edge, -radius * np.sin(a), radius * np.cos(a)) >= centre - tolerance
            for a in 2 * np.pi * np.arange(points) / points
        ]
    )
    changes = (bits != np.roll(bits, 1, axis=0)).sum(0)
    codes = np.where(changes <= 2, bits.sum(0), points + 1).reshape(len(grey), -1)
    return np.stack([np.bincount(c, minlength=points + 2) / len(c) for c in codes])


def _shifted(grey: np.ndarray, edge: int, down: float, right: float) -> np.ndarray:
    """(N, S, S) moved by part of a pixel, bilinear, without a border of `edge` pixels."""
    # rounded as in scikit-image: a neighbour on the grid must not be blended with the next
    down, right = round(down, 5), round(right, 5)
    top, left = int(np.floor(down)), int(np.floor(right))
    found: np.ndarray = np.zeros(1, np.float32)
    for dy, wy in ((top, 1 - (down - top)), (top + 1, down - top)):
        for dx, wx in ((left, 1 - (right - left)), (left + 1, right - left)):
            if wy * wx > 0:
                rows = slice(edge + dy, grey.shape[1] - edge + dy)
                columns = slice(edge + dx, grey.shape[2] - edge + dx)
                found = found + np.float32(wy * wx) * grey[:, rows, columns]
    return found


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


def co_occurrence(pixels: np.ndarray) -> np.ndarray:
    """Properties of grey-level co-occurrence matrices (Haralick et al. 1973), all directions alike.

    Args:
        pixels: (N, S, S, C) uint8.

    Returns:
        (N, 15): each of `PROPERTIES` at each of `DISTANCES`, contrast and dissimilarity in log10.
    """
    from skimage.feature import graycomatrix, graycoprops

    angles = np.arange(4) * np.pi / 4
    found = []
    for grey in np.rint(luminance(pixels) * 255).astype(np.uint8) // (256 // LEVELS):
        pairs = graycomatrix(grey, DISTANCES, angles, LEVELS, symmetric=True, normed=True)
        values = {p: graycoprops(pairs, p).mean(1) for p in PROPERTIES}
        for name in PROPERTIES[:2]:  # over decades from image to image
            values[name] = np.log10(values[name] + 1e-4)
        found.append(np.concatenate(list(values.values())))
    return np.stack(found)


DESCRIPTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lbp": local_patterns,
    "spectrum": spectrum,
    "hog": gradients,
    "lbp_tolerant": tolerant_patterns,
    "glcm": co_occurrence,
}


def touched(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Images as nobody can tell them from the given ones by eye: what a fair measure ignores.

    Args:
        pixels: (N, S, S, C) uint8.

    Returns:
        "noise": one grey level up or down, or none, at random in each pixel; "jpeg": saved once
        as a JPEG of quality 95 at this size.
    """
    drawn = np.random.default_rng(0).integers(-1, 2, pixels.shape)
    noisy = np.clip(pixels.astype(np.int16) + drawn, 0, 255).astype(np.uint8)
    return {"noise": noisy, "jpeg": np.stack([_saved(image) for image in pixels])}


def _saved(image: np.ndarray, quality: int = 95) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image.squeeze()).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream)).reshape(image.shape)
