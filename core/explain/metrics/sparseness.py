"""Sparseness of a map: the Gini index (Chalasani et al. 2020)."""

from __future__ import annotations

import numpy as np


def gini(values: np.ndarray) -> float:
    """Gini index of absolute values: 0 for an even map, towards 1 for a single pixel."""
    ordered = np.sort(np.abs(values).ravel().astype(np.float64))
    total = ordered.sum()
    if total == 0:
        return 0.0
    n = len(ordered)
    position = (n - np.arange(n) - 0.5) / n
    return float(1 - 2 * (ordered * position).sum() / total)
