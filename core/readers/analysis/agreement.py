"""Do readers agree beyond chance? Cohen's kappa of two, Fleiss' kappa of all."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from core.readers.analysis.exact import LEVEL


def agreement(rows: pd.DataFrame) -> dict[str, Any]:
    """Kappas of the answers in `choice`.

    Intervals are for these readers on other cases, by the jackknife over cases.

    Returns:
        "fleiss": on the cases that all readers answered, among readers who answered at least as
        many cases as half of the others; "cohen": one line per pair.
    """
    wide = rows.pivot(index="case", columns="reader", values="choice")
    labels = sorted(rows["choice"].unique())
    codes = wide.apply(lambda c: c.map({v: float(i) for i, v in enumerate(labels)}))
    counts = codes.notna().sum()
    settled = codes.loc[:, counts >= counts.median()].dropna().to_numpy().astype(int)
    found: dict[str, Any] = {"fleiss": {}, "cohen": []}
    if settled.shape[0] > 2 and settled.shape[1] > 1:
        found["fleiss"] = fleiss(settled, len(labels)) | {"readers": settled.shape[1]}
    for a, b in combinations(codes.columns, 2):
        both = codes[[a, b]].dropna().to_numpy().astype(int)
        if len(both) > 2:
            found["cohen"].append({"readers": [int(a), int(b)], **cohen(both, len(labels))})
    return found


def fleiss(table: np.ndarray, categories: int) -> dict[str, Any]:
    """Fleiss' kappa (Fleiss 1971) with a jackknife interval.

    Args:
        table: (C, R) answers as 0 … categories - 1.
        categories: how many answers there are.
    """
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa  # slow to import

    counts, _ = aggregate_raters(table, categories)
    return _jackknife(counts, lambda own: float(fleiss_kappa(own)))


def cohen(pair: np.ndarray, categories: int) -> dict[str, Any]:
    """Cohen's kappa (Cohen 1960) of two readers with a jackknife interval.

    Args:
        pair: (C, 2) answers as 0 … categories - 1.
        categories: how many answers there are.
    """
    cells = np.eye(categories**2)[pair[:, 0] * categories + pair[:, 1]]
    return _jackknife(cells, lambda own: _cohen(own.sum(0).reshape(categories, categories)))


def _cohen(table: np.ndarray) -> float:
    share = table / table.sum()
    expected = float(share.sum(0) @ share.sum(1))
    return (float(np.trace(share)) - expected) / (1 - expected) if expected < 1 else float("nan")


def _jackknife(rows: np.ndarray, statistic: Any) -> dict[str, Any]:
    """Bias-corrected value and t interval from leaving out one case at a time (Efron 1982)."""
    n = len(rows)
    whole = statistic(rows)
    keep = ~np.eye(n, dtype=bool)
    without = np.array([statistic(rows[keep[i]]) for i in range(n)])
    pseudo = n * whole - (n - 1) * without
    pseudo = pseudo[np.isfinite(pseudo)]
    if not np.isfinite(whole) or len(pseudo) < 3:
        return {"value": float("nan"), "ci": [float("nan")] * 2, "cases": n}
    centre, error = float(pseudo.mean()), float(pseudo.std(ddof=1) / np.sqrt(len(pseudo)))
    half = float(student.ppf((1 + LEVEL) / 2, len(pseudo) - 1)) * error
    ci = [max(centre - half, -1.0), min(centre + half, 1.0)]
    return {"value": float(whole), "ci": ci, "cases": n}
