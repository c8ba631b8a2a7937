"""Holm's correction of several p-values: few false alarms over a whole table of tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Step-down adjusted p-values (Holm 1979, Scand. J. Statist. 6:65-70), in the order given.

    Calling those below a level significant keeps the chance of any false alarm in the whole
    family below that level, whatever the dependence between the tests.

    Args:
        p_values: in [0, 1]; NaN where a test could not be made, which counts as no test.

    Returns:
        Adjusted p-values in [0, 1], NaN where they were NaN.

    Raises:
        ValueError: a p-value outside [0, 1].
    """
    from statsmodels.stats.multitest import multipletests  # takes a second to import

    given = np.asarray(p_values, dtype=float)
    made = ~np.isnan(given)
    if ((given[made] < 0) | (given[made] > 1)).any():
        raise ValueError("A p-value lies between 0 and 1.")
    adjusted = np.full(len(given), np.nan)
    if made.any():
        adjusted[made] = multipletests(given[made], method="holm")[1]
    return [float(p) for p in adjusted]
