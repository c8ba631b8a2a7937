"""Fréchet distance between feature sets, and its ratio to the real-vs-real floor."""

from __future__ import annotations

import numpy as np


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet distance of two Gaussians fitted to features (Heusel et al. 2017, eq. 6).

    Args:
        a: (N, D) features, N > 1.
        b: (M, D) features, M > 1.

    Returns:
        |μa − μb|² + tr(Σa + Σb − 2 (Σa Σb)^½), not negative.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    # tr (Σa Σb)^½ = tr (Σa^½ Σb Σa^½)^½, whose argument is symmetric and not negative
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_b @ root), 0, None)).sum()
    gap = a.mean(0) - b.mean(0)
    return float(max(gap @ gap + np.trace(cov_a) + np.trace(cov_b) - 2 * cross, 0.0))


def ratio(floor: float, distance: float) -> float:
    """Floor ÷ distance: 1 where synthetic images are as near as other real images, 0 when far.

    The real-vs-real floor and the ratio follow medigan (Osuala et al. 2023). Both distances must
    come from equally many images, since the Fréchet distance falls with their number.
    """
    return float(floor / distance) if distance > 0 else 1.0


def halves(classes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two random halves with the same number of images of every class.

    Args:
        classes: (N,) class of every image.
        rng: source of randomness.

    Returns:
        Two disjoint arrays of positions of equal length; an odd image of a class is left out.
    """
    first, second = [], []
    for name in np.unique(classes):
        rows = rng.permutation(np.flatnonzero(classes == name))
        middle = len(rows) // 2
        first.append(rows[:middle])
        second.append(rows[middle : 2 * middle])
    return np.concatenate(first), np.concatenate(second)
