"""Ratings of explanations, and one human interpretability score per method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.readers.analysis import mrmc
from core.readers.analysis.tables import grid
from core.readers.questions import CAUSABILITY_ITEMS, RATINGS

LEVELS = (1, 2, 3, 4, 5)


def likert(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Distribution and mean of every item for every method.

    Returns:
        {"method", "item", "counts" of 1 … 5, "mean": {"value", "ci"}} each.
    """
    found = []
    method = rows["methods"].str[0]
    for name in sorted(method.unique()):
        own = rows[method == name]
        items = [i for i in (*RATINGS, *CAUSABILITY_ITEMS) if i in own["ratings"].iloc[0]]
        for item in items:
            values = own["ratings"].map(lambda r, i=item: r[i])
            table, _, _ = grid(own, values)
            found.append(
                {
                    "method": name, "item": item,
                    "counts": [int((values == level).sum()) for level in LEVELS],
                    "mean": mean_over_readers(table, (1.0, 5.0)),
                }
            )  # fmt: skip
    return found


def mean_over_readers(table: np.ndarray, bounds: tuple[float, float]) -> dict[str, Any]:
    """A mean over readers and cases; with one case per reader, over readers alone."""
    if table.shape[1] > 1:
        return mrmc.pooled(*mrmc.means(table)[1:], bounds)
    values = table[~np.isnan(table[:, 0]), 0]
    return mrmc.pooled(values, np.zeros((len(values), 1)), bounds)


def interpretability(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The human interpretability score of each method, highest first.

    It is the System Causability Scale score (Holzinger, Carrington & Müller 2020, KI 34,
    193-198): the sum of the ten answers over 50, from 0.2 to 1, averaged over readers. The
    interval is for other readers; the authors call 0.68 the average of a related scale.

    Args:
        rows: answers to the ten questions on a whole method.
    """
    method = rows["methods"].str[0]
    found = []
    for name in sorted(method.unique()):
        own = rows[method == name]
        total = own["ratings"].map(lambda r: sum(r[i] for i in CAUSABILITY_ITEMS))
        values = (total / (5 * len(CAUSABILITY_ITEMS))).groupby(own["reader"]).mean().to_numpy()
        pooled = mrmc.pooled(values, np.zeros((len(values), 1)), (0.2, 1.0))
        found.append({"method": name, **pooled})
    return sorted(found, key=lambda line: -line["value"])
