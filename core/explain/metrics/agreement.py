"""Agreement between two maps, compared at one common scale."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata


def smoothed(values: np.ndarray, share: float) -> np.ndarray:
    """A map (S, S) blurred with a deviation of `share` of its side."""
    return gaussian_filter(values.astype(np.float64), share * values.shape[0])


def spearman(a: np.ndarray, b: np.ndarray, share: float = 0.03) -> float:
    """Spearman's rank correlation of two smoothed maps (S, S), in [-1, 1]; 0 if one is flat."""
    first, second = (rankdata(smoothed(m, share).ravel()) for m in (a, b))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def top_iou(a: np.ndarray, b: np.ndarray, top: float = 0.05, share: float = 0.03) -> float:
    """Intersection over union of the strongest `top` share of two smoothed maps, in [0, 1]."""
    first, second = (_strongest(smoothed(m, share), top) for m in (a, b))
    return float((first & second).sum() / (first | second).sum())


def _strongest(values: np.ndarray, top: float) -> np.ndarray:
    count = max(1, round(top * values.size))
    chosen = np.zeros(values.size, bool)
    chosen[np.argsort(values, axis=None, kind="stable")[-count:]] = True
    return chosen
