"""From rows of answers to readers × cases."""

from __future__ import annotations

import numpy as np
import pandas as pd


def grid(rows: pd.DataFrame, values: pd.Series) -> tuple[np.ndarray, list[int], list[int]]:
    """(R, C) values with NaN where there is no answer; the readers' and the cases' numbers."""
    readers, row = np.unique(rows["reader"].to_numpy(), return_inverse=True)
    cases, column = np.unique(rows["case"].to_numpy(), return_inverse=True)
    table = np.full((len(readers), len(cases)), np.nan)
    table[row, column] = np.asarray(values, dtype=float)
    return table, readers.tolist(), cases.tolist()


def by_case(rows: pd.DataFrame, column: str, cases: list[int]) -> np.ndarray:
    """A property of the cases, in the order of `cases` (all cases of the rows, ascending)."""
    known, first = np.unique(rows["case"].to_numpy(), return_index=True)
    assert known.tolist() == cases
    return np.asarray(rows[column].to_numpy()[first])
