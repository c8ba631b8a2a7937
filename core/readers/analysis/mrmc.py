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
from scipy.stats import t as student

from core.readers.analysis.exact import LEVEL


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
        reader on other cases.
    """
    count = len(values)
    used = influence.shape[1] if influence.size else 0
    kinds = np.zeros(used, int) if strata is None or not used else strata
    free = max(int(np.unique(kinds, return_counts=True)[1].min()) - 1, 1) if used else 1
    if count == 0:
        return _result(float("nan"), float("nan"), float("nan"), 0, used, bounds)
    mean = float(np.mean(values))
    covariance = influence @ influence.T if influence.size else np.zeros((count, count))
    if count == 1:
        error = float(np.sqrt(covariance[0, 0]))
        return _result(mean, error, free, 1, used, bounds)
    among = float(np.var(values, ddof=1))
    shared = (covariance.sum() - np.trace(covariance)) / (count * (count - 1))
    cases = count * max(float(shared), 0.0)
    if among + cases == 0:
        return _result(mean, 0.0, count - 1, count, used, bounds)
    df = (among + cases) ** 2 / (among**2 / (count - 1) + cases**2 / free)
    return _result(mean, float(np.sqrt((among + cases) / count)), df, count, used, bounds)


def _result(
    mean: float, error: float, df: float, readers: int, cases: int,
    bounds: tuple[float, float] | None,
) -> dict[str, Any]:  # fmt: skip
    half = float(student.ppf((1 + LEVEL) / 2, df)) * error if error == error else float("nan")
    ci = [mean - half, mean + half]
    if bounds is not None:
        ci = [float(np.clip(limit, *bounds)) for limit in ci]
    return {"value": mean, "ci": ci, "se": error, "df": df, "readers": readers, "cases": cases}


def p_value(found: dict[str, Any], null: float) -> float:
    """Two-sided p of a pooled figure against a fixed value."""
    if not found["se"] > 0:
        return float(found["value"] == null) if found["se"] == 0 else float("nan")
    return float(2 * student.sf(abs(found["value"] - null) / found["se"], found["df"]))


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
    value: np.ndarray, influence: np.ndarray, readers: np.ndarray, cases: np.ndarray
) -> tuple[np.ndarray, float]:
    """Covariance of an estimate whose answers share readers and cases.

    Two-way clustering (Cameron, Gelbach & Miller 2011, eq. 2.3): sums of influence values by
    reader and by case, less the part counted twice, each with G / (G - 1).

    Args:
        value: (P,) the estimate, for its size only.
        influence: (N, P) influence of each answer; sums to zero.
        readers, cases: (N,) who answered what.

    Returns:
        (P, P) covariance and its degrees of freedom.
    """
    both = np.unique(np.stack([readers, cases], 1), axis=0, return_inverse=True)[1]
    total = np.zeros((len(value), len(value)))
    parts, sizes = [], []
    for labels, sign in ((readers, 1.0), (cases, 1.0), (both, -1.0)):
        groups, where = np.unique(labels, return_inverse=True)
        sums = np.zeros((len(groups), len(value)))
        np.add.at(sums, where.ravel(), influence)
        size = len(groups)
        part = sums.T @ sums * (size / max(size - 1, 1))
        parts.append(part)
        sizes.append(size)
        total += sign * part
    if (np.diag(total) < np.diag(parts[2])).any():
        total = parts[2]  # by chance less than independent answers would give
    return total, _freedom(total, parts, sizes)


def _freedom(total: np.ndarray, parts: list[np.ndarray], sizes: list[int]) -> float:
    """Satterthwaite's degrees of freedom: readers' sums, and what cases add to single answers."""
    whole, readers = float(np.trace(total)), float(np.trace(parts[0]))
    cases = max(float(np.trace(parts[1] - parts[2])), 0.0)
    spread = readers**2 / max(sizes[0] - 1, 1) + cases**2 / max(sizes[1] - 1, 1)
    return max(whole**2 / spread, 1.0) if spread > 0 else float(max(sizes[0] - 1, 1))
