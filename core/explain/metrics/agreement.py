"""Agreement between two maps, compared at one common scale."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata


def smoothed(values: np.ndarray, share: float) -> np.ndarray:
    """A map (S, S) blurred with a deviation of `share` of its side."""
    return gaussian_filter(values.astype(np.float64), share * values.shape[0])


class Comparable:
    """A map prepared once for being compared with many others.

    Args:
        values: (S, S).
        share: deviation of the blur, as a share of the side.
        top: share of pixels that count as strongest.
    """

    def __init__(self, values: np.ndarray, share: float = 0.03, top: float = 0.05) -> None:
        blurred = smoothed(values, share)
        ranks = rankdata(blurred.ravel())
        spread = float(ranks.std())
        self._ranks = (ranks - ranks.mean()) / spread if spread else np.zeros_like(ranks)
        self._strongest = _strongest(blurred, top)

    def spearman(self, other: Comparable) -> float:
        """Spearman's rank correlation, in [-1, 1]; 0 if one map is flat."""
        return float(np.clip(self._ranks @ other._ranks / self._ranks.size, -1, 1))

    def iou(self, other: Comparable) -> float:
        """Intersection over union of the strongest pixels, in [0, 1]."""
        first, second = self._strongest, other._strongest
        return float((first & second).sum() / (first | second).sum())


def spearman(a: np.ndarray, b: np.ndarray, share: float = 0.03) -> float:
    """Spearman's rank correlation of two smoothed maps (S, S), in [-1, 1]; 0 if one is flat."""
    return Comparable(a, share).spearman(Comparable(b, share))


def top_iou(a: np.ndarray, b: np.ndarray, top: float = 0.05, share: float = 0.03) -> float:
    """Intersection over union of the strongest `top` share of two smoothed maps, in [0, 1]."""
    return Comparable(a, share, top).iou(Comparable(b, share, top))


def _strongest(values: np.ndarray, top: float) -> np.ndarray:
    count = max(1, round(top * values.size))
    chosen = np.zeros(values.size, bool)
    chosen[np.argsort(values, axis=None, kind="stable")[-count:]] = True
    return chosen
