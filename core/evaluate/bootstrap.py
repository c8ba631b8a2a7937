"""Uncertainty of test-set figures: bootstrap intervals and paired tests of two models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm, rankdata

RESAMPLES = 1000
LEVEL = 0.95

Statistic = Callable[[np.ndarray], float]
"""A figure of the images at the given positions (a resample with repeats)."""


def resamples(labels: np.ndarray, draws: int = RESAMPLES, seed: int = 0) -> Iterator[np.ndarray]:
    """Stratified bootstrap resamples: positions with repeats, class counts kept.

    Args:
        labels: (N,) classes.
        draws: number of resamples.
        seed: of the random stream.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == k) for k in np.unique(labels)]
    for _ in range(draws):
        yield np.concatenate([m[rng.integers(0, len(m), len(m))] for m in members])


def with_interval(
    statistics: dict[str, Statistic], labels: np.ndarray, draws: int = RESAMPLES, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Each statistic on all images, with its 95 % percentile interval (Efron 1979).

    Returns:
        Name to {"value", "ci": [low, high]}.
    """
    everything = np.arange(len(labels))
    table = np.array(
        [[f(chosen) for f in statistics.values()] for chosen in resamples(labels, draws, seed)]
    )
    return {
        name: {"value": float(f(everything)), "ci": _limits(table[:, i])}
        for i, (name, f) in enumerate(statistics.items())
    }


def paired_difference(
    one: Statistic, other: Statistic, labels: np.ndarray, draws: int = RESAMPLES, seed: int = 0
) -> dict[str, Any]:
    """Difference of two models' figures on the same images, `other` minus `one`.

    Returns:
        "value", "ci" and the two-sided bootstrap "p" (share of resamples beyond zero, twice).
    """
    gaps = np.array([other(i) - one(i) for i in resamples(labels, draws, seed)])
    beyond = min((gaps <= 0).mean(), (gaps >= 0).mean())
    everything = np.arange(len(labels))
    value = other(everything) - one(everything)
    p = min(1.0, 2 * max(float(beyond), 1 / (draws + 1)))
    return {"value": float(value), "ci": _limits(gaps), "p": p}


def _limits(draws: np.ndarray) -> list[float]:
    tail = (1 - LEVEL) / 2
    return [float(q) for q in np.nanquantile(draws, [tail, 1 - tail])]


def mcnemar(right_one: np.ndarray, right_other: np.ndarray) -> dict[str, Any]:
    """McNemar's exact test: do two models err on different numbers of images?

    Args:
        right_one, right_other: (N,) bool, whether each model was right on each image.
    """
    only_one = int((right_one & ~right_other).sum())
    only_other = int((~right_one & right_other).sum())
    n = only_one + only_other
    p = float(binomtest(only_one, n).pvalue) if n else 1.0
    return {"only_one_right": only_one, "only_other_right": only_other, "p": p}


def delong(one: np.ndarray, other: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Difference of two correlated AUCs, `other` minus `one` (DeLong et al. 1988, eq. 3-8).

    Args:
        one, other: (N,) scores of the two models on the same images.
        labels: (N,) 0 or 1.

    Returns:
        "value", "ci" and the two-sided "p".
    """
    areas, of_positive, of_negative = zip(*(placements(s, labels) for s in (one, other)))
    variance = _spread(of_positive) + _spread(of_negative)
    gap, error = areas[1] - areas[0], float(np.sqrt(max(variance, 0.0)))
    z = float(norm.ppf((1 + LEVEL) / 2))
    p = float(2 * norm.sf(abs(gap) / error)) if error > 0 else float(gap == 0)
    return {"value": gap, "ci": [gap - z * error, gap + z * error], "p": p}


def placements(scores: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """AUC and structural components by mid-ranks (Sun & Xu 2014, eq. 9-10)."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    m, n = len(positive), len(negative)
    together = rankdata(np.concatenate([positive, negative]))
    of_positive = (together[:m] - rankdata(positive)) / n
    of_negative = 1 - (together[m:] - rankdata(negative)) / m
    return float(of_positive.mean()), of_positive, of_negative


def _spread(parts: tuple[np.ndarray, ...]) -> float:
    return float(np.var(parts[1] - parts[0], ddof=1) / len(parts[0]))
