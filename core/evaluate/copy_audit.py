"""Copy audit: are synthetic images nearer to training images than other real images are?"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from core.evaluate.intervals import share

THUMBNAIL = 48  # px: side at which pixels are correlated
QUANTILE = 0.01


def thumbnails(pixels: np.ndarray, size: int = THUMBNAIL) -> np.ndarray:
    """Grey thumbnails of zero mean and unit norm, so that dot products are correlations.

    Args:
        pixels: (N, S, S, C) uint8.
        size: side of a thumbnail.

    Returns:
        (N, size²) float32; a constant image gives zeros.
    """
    small = [
        np.asarray(Image.fromarray(p.squeeze()).convert("L").resize((size, size)), np.float32)
        for p in pixels
    ]
    return unit(np.stack(small).reshape(len(pixels), -1))


def unit(vectors: np.ndarray, centre: np.ndarray | None = None) -> np.ndarray:
    """Subtract `centre` (each row's own mean by default) and scale rows to unit length."""
    middle = vectors.mean(1, keepdims=True) if centre is None else centre
    moved = (vectors - middle).astype(np.float32)
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)


def nearest(queries: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance 1 − cosine to the nearest training vector, and its position.

    Args:
        queries: (N, D) unit vectors.
        train: (M, D) unit vectors.

    Returns:
        (N,) float32 in [0, 2] and (N,) int64.
    """
    similarity = queries @ train.T
    position = similarity.argmax(1)
    return 1 - similarity[np.arange(len(queries)), position], position


def limit(held_out: np.ndarray, quantile: float = QUANTILE) -> float:
    """The distance below which an image counts as a copy: a low quantile of held-out real."""
    return float(np.quantile(held_out, quantile))


def audit(held_out: np.ndarray, synthetic: np.ndarray, seed: int = 0) -> dict[str, Any]:
    """Copy rate of synthetic images beside that of held-out real images.

    Args:
        held_out: (N,) distances of held-out real images to their nearest training image.
        synthetic: (M,) distances of synthetic images to theirs.
        seed: of the halving of the held-out images.

    Returns:
        "limit", "synthetic" and "held_out" (rate with 95 % interval; for held-out images the
        limit comes from the other half, so that it is not 1 % by construction), and
        "exceeds_held_out": whether the synthetic rate's interval lies above the held-out rate.
    """
    order = np.random.default_rng(seed).permutation(len(held_out))
    middle = len(order) // 2
    a, b = held_out[order[:middle]], held_out[order[middle:]]
    own = share(np.concatenate([a < limit(b), b < limit(a)]))
    found = share(synthetic < limit(held_out))
    return {
        "limit": limit(held_out),
        "quantile": QUANTILE,
        "synthetic": found,
        "held_out": own,
        "exceeds_held_out": bool(found["ci"][0] > own["rate"]),  # type: ignore[index,operator]
        "median_synthetic": float(np.median(synthetic)),
        "median_held_out": float(np.median(held_out)),
    }
