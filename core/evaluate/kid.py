"""Kernel distance: unbiased MMD² with a polynomial kernel (Bińkowski et al. 2018)."""

from __future__ import annotations

import numpy as np


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cubic kernel (x·y / D + 1)³ of Bińkowski et al. 2018, section 4: (N, D), (M, D) to (N, M)."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def mmd2(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, eq. 3)."""
    n, m = len(a), len(b)
    within_a, within_b = kernel(a, a), kernel(b, b)
    same = (within_a.sum() - np.trace(within_a)) / (n * (n - 1))
    same += (within_b.sum() - np.trace(within_b)) / (m * (m - 1))
    return float(same - 2 * kernel(a, b).mean())


def kid(
    a: np.ndarray, b: np.ndarray, size: int = 200, subsets: int = 50, seed: int = 0
) -> tuple[float, float]:
    """Mean and standard deviation of MMD² over random subsets.

    Args:
        a: (N, D) features.
        b: (M, D) features.
        size: images per subset, at most the smaller set.
        subsets: number of subsets.
        seed: of their choice.
    """
    rng = np.random.default_rng(seed)
    size = min(size, len(a), len(b))
    a, b = a.astype(np.float64), b.astype(np.float64)
    values = [
        mmd2(a[rng.permutation(len(a))[:size]], b[rng.permutation(len(b))[:size]])
        for _ in range(subsets)
    ]
    return float(np.mean(values)), float(np.std(values))
