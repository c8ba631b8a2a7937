"""Maps that know nothing of the model: every metric is shown against them."""

from __future__ import annotations

import numpy as np
from skimage import filters

REFERENCES = ("random", "edge", "centre")


def random_map(side: int, seed: int) -> np.ndarray:
    """Independent uniform values, (side, side) float32 in [0, 1)."""
    return np.random.default_rng(seed).random((side, side), dtype=np.float32)


def edge_map(pixels: np.ndarray) -> np.ndarray:
    """Sobel magnitude of an image (S, S, C) uint8, (S, S) float32: an edge detector can look
    like an explanation (Adebayo et al. 2018).
    """  # noqa: D205
    return filters.sobel(pixels.astype(np.float32).mean(2) / 255).astype(np.float32)


def centre_map(side: int) -> np.ndarray:
    """A Gaussian bump in the middle, (side, side) float32 in (0, 1]; its deviation is a quarter of
    the side: organs and lesions are mostly centred, so that this already explains a lot.
    """  # noqa: D205
    squares = np.linspace(-2, 2, side, dtype=np.float32) ** 2
    return np.exp(-(squares[:, None] + squares[None]) / 2).astype(np.float32)


def reference_maps(pixels: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The random, the edge and the centre map for an image (S, S, C) uint8."""
    side = pixels.shape[0]
    found = (random_map(side, seed), edge_map(pixels), centre_map(side))
    return dict(zip(REFERENCES, found))
