"""From rows of answers to readers × cases."""

from __future__ import annotations

import numpy as np
import pandas as pd


def grid(rows: pd.DataFrame, values: pd.Series) -> tuple[np.ndarray, list[int], list[int]]:
    """(R, C) values with NaN where there is no answer; the readers' and the cases' numbers."""
    wide = (
        rows[["reader", "case"]]
        .assign(value=np.asarray(values, dtype=float))
        .pivot(index="reader", columns="case", values="value")
    )
    return wide.to_numpy(float), wide.index.tolist(), wide.columns.tolist()


def by_case(rows: pd.DataFrame, column: str, cases: list[int]) -> np.ndarray:
    """A property of the cases, in the order of `cases`."""
    return rows.drop_duplicates("case").set_index("case")[column].reindex(cases).to_numpy()
