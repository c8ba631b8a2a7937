"""Exact binomial intervals and tests for one reader's shares."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc

LEVEL = 0.95


def mid_p(k: int, n: int, level: float = LEVEL) -> list[float]:
    """Exact mid-P interval of a share (Berry & Armitage 1995).

    Clopper and Pearson's interval counts the observed value fully in both tails and covers well
    above its level with the dozens of cases that one reader sees; here it counts by half.

    Args:
        k: successes of n.
        n: trials; 0 gives [0, 1].
        level: of confidence.
    """
    return list(_mid_p(int(k), int(n), level))


@lru_cache(maxsize=4096)
def _mid_p(k: int, n: int, level: float) -> tuple[float, float]:
    if n == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else brentq(lambda p: upper(k, n, p) - tail, 0.0, k / n)
    high = 1.0 if k == n else brentq(lambda p: lower(k, n, p) - tail, k / n, 1.0)
    return float(low), float(high)


def upper(k: int, n: int, p: float) -> float:
    """P(more than k of n) + P(k of n) / 2."""
    return float(bdtrc(k, n, p) + (bdtrc(k - 1, n, p) if k > 0 else 1.0)) / 2


def lower(k: int, n: int, p: float) -> float:
    """P(fewer than k of n) + P(k of n) / 2."""
    return float(bdtr(k, n, p) + (bdtr(k - 1, n, p) if k > 0 else 0.0)) / 2


def mid_p_value(k: int, n: int, chance: float = 0.5) -> float:
    """Two-sided mid-P value of k of n against a chance; below .05 where `mid_p` excludes it."""
    if n == 0:
        return 1.0
    return min(1.0, 2 * min(lower(k, n, chance), upper(k, n, chance)))


def share(k: int, n: int) -> dict[str, Any]:
    """A share with its exact interval: {"value", "ci", "k", "n"}."""
    return {"value": k / n if n else float("nan"), "ci": mid_p(k, n), "k": int(k), "n": int(n)}
