"""Multi-reader multi-case intervals: both readers and cases are samples of what could have been.

Obuchowski & Rockette's model for one reading condition (Hillis 2014, Statistics in Medicine 33,
sec. 3): readers' figures vary by skill, and are correlated because they read the same cases. The
covariances come from each figure's influence values, so that unfinished readers count with the
cases they have. Degrees of freedom are Satterthwaite's over both parts; Hillis's, which take the
cases' part as known, covered less than they say with 40 to 60 cases (`core.readers.coverage`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from core.readers.analysis.exact import LEVEL, mid_p, mid_p_value

UNIT = (0.0, 1.0)


def pooled(
    values: np.ndarray,
    influence: np.ndarray,
    bounds: tuple[float, float] | None = None,
    strata: np.ndarray | None = None,
) -> dict[str, Any]:
    """Mean over readers of a figure, with an interval for other readers and other cases.

    Args:
        values: (R,) the figure of each reader.
        influence: (R, C) what each case adds to the error of each reader's figure; zero where
            the reader has not seen the case. Row i's squares sum to the variance of values[i].
        bounds: the figure's range, which the interval is cut to.
        strata: (C,) kinds of cases; the smallest kind gives the cases' degrees of freedom.

    Returns:
        {"value", "ci", "se", "df", "readers", "cases"}. With one reader the interval is for that
        reader on other cases. A share whose answers show no spread at all has no standard error
        to go by; its interval is the exact one on as many cases as the smallest kind has, which
        "exact" then names.
    """
    count = len(values)
    used = influence.shape[1] if influence.size else 0
    kinds = np.zeros(used, int) if strata is None or not used else strata
    least = int(np.unique(kinds, return_counts=True)[1].min()) if used else 0
    free = max(least - 1, 1)
    if count == 0:
        return _result(float("nan"), float("nan"), float("nan"), 0, used, bounds)
    mean = float(np.mean(values))
    covariance = influence @ influence.T if influence.size else np.zeros((count, count))
    if count == 1:
        error = float(np.sqrt(covariance[0, 0]))
        return _result(mean, error, free, 1, used, bounds, least)
    among = float(np.var(values, ddof=1))
    shared = (covariance.sum() - np.trace(covariance)) / (count * (count - 1))
    cases = count * max(float(shared), 0.0)
    if among + cases == 0:
        return _result(mean, 0.0, count - 1, count, used, bounds, least)
    df = (among + cases) ** 2 / (among**2 / (count - 1) + cases**2 / free)
    return _result(mean, float(np.sqrt((among + cases) / count)), df, count, used, bounds)


def _result(
    mean: float, error: float, df: float, readers: int, cases: int,
    bounds: tuple[float, float] | None, kind: int = 0,
) -> dict[str, Any]:  # fmt: skip
    ci = interval(mean, error, df, bounds)
    found = {"value": mean, "ci": ci, "se": error, "df": df, "readers": readers, "cases": cases}
    if error == 0 and bounds == UNIT and cases:
        found |= {"ci": mid_p(round(mean * kind), kind), "exact": kind}
    return found


def interval(
    value: float, error: float, df: float, bounds: tuple[float, float] | None = None
) -> list[float]:
    """A t interval: on the logit scale for a share or an area, plain otherwise.

    Estimates near an end of [0, 1] are skewed towards the middle, and a symmetric interval misses
    the truth more often on one side; on the logit scale it is even and stays inside (Agresti 2013,
    sec. 3.1.1; for areas under ROC curves Pepe 2003, sec. 5.2.5). Other ranges cut the interval.

    Args:
        value, error, df: estimate, standard error, degrees of freedom.
        bounds: range of the figure.
    """
    half = float(student.ppf((1 + LEVEL) / 2, df)) * error if error == error else float("nan")
    if bounds == UNIT and 0 < value < 1:
        shift = half / (value * (1 - value))
        return [float(expit(logit(value) + side * shift)) for side in (-1, 1)]
    ci = [value - half, value + half]
    return ci if bounds is None else [float(np.clip(limit, *bounds)) for limit in ci]


def p_value(found: dict[str, Any], null: float, bounds: tuple[float, float] | None = None) -> float:
    """Two-sided p of a pooled figure against a fixed value, on the scale of its interval."""
    value, error = found["value"], found["se"]
    if n := found.get("exact"):
        return mid_p_value(round(value * n), n, null)
    if not error > 0:
        return float(value == null) if error == 0 else float("nan")
    gap = abs(value - null)
    if bounds == UNIT and 0 < value < 1 and 0 < null < 1:
        gap = abs(logit(value) - logit(null)) * value * (1 - value)
    return float(2 * student.sf(gap / error, found["df"]))


def means(
    table: np.ndarray, strata: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each reader's mean of a quantity, with its influence values.

    Args:
        table: (R, C), NaN where a reader has no answer.
        strata: (C,) kinds of cases whose numbers the design fixed; the spread is taken within.

    Returns:
        The readers with at least two answers in every stratum they saw, as positions; their
        means, (K,); influence, (K, C).
    """
    kinds = np.zeros(table.shape[1], int) if strata is None else strata
    seen = ~np.isnan(table)
    keep = np.flatnonzero(seen.sum(1) >= 2)
    influence = np.zeros((len(keep), table.shape[1]))
    values = np.zeros(len(keep))
    for row, reader in enumerate(keep):
        total = int(seen[reader].sum())
        values[row] = np.nanmean(table[reader])
        for kind in np.unique(kinds[seen[reader]]):
            own = seen[reader] & (kinds == kind)
            n = int(own.sum())
            if n > 1:
                gap = table[reader, own] - table[reader, own].mean()
                influence[row, own] = gap / total * np.sqrt(n / (n - 1))
    return keep, values, influence


def clustered(
    influence: np.ndarray, readers: np.ndarray, cases: np.ndarray, parameters: int = 1
) -> tuple[float, float]:
    """Variance of an estimate whose answers share readers and cases, for unbalanced answers.

    Two-way clustering (Cameron, Gelbach & Miller 2011, eq. 2.3) in the form of `pooled`: the sum
    over readers, who also carry the noise of single answers, plus what cases add beyond that
    noise, which is no less than nothing. With one reader it is the sum over cases alone.

    Args:
        influence: (N,) influence of each answer; sums to zero.
        readers, cases: (N,) who answered what.
        parameters: fitted with this estimate. A reader's answers weigh on all of them, 1 / R each;
            a case's only on some, so that as many cases are lost to the fit.

    Returns:
        The variance, and Satterthwaite's degrees of freedom over both parts.
    """
    count, n = len(np.unique(readers)), len(np.unique(cases))
    by_reader = _sums(influence, readers) * count / max(count - 1, 1)
    by_case = _sums(influence, cases) * n / max(n - parameters, 1)
    free = max(n - parameters, 1)
    if count == 1:
        return by_case, float(free)
    both = np.unique(np.stack([readers, cases], 1), axis=0, return_inverse=True)[1].ravel()
    size = int(both.max()) + 1
    alone = _sums(influence, both) * size / max(size - parameters, 1)
    added = max(by_case - alone, 0.0)
    total = by_reader + added
    if total == 0:
        return 0.0, float(count - 1)
    return total, total**2 / (by_reader**2 / (count - 1) + added**2 / free)


def _sums(influence: np.ndarray, groups: np.ndarray) -> float:
    """Sum of squares of each group's total."""
    where = np.unique(groups, return_inverse=True)[1].ravel()
    return float((np.bincount(where, weights=influence) ** 2).sum())
