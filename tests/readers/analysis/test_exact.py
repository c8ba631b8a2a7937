"""Exact intervals of one reader's shares."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from core.readers.analysis.exact import mid_p, mid_p_value, share


@pytest.mark.parametrize("n", [20, 50, 100])
def test_coverage_by_enumeration_is_what_it_says(n):
    limits = np.array([mid_p(k, n) for k in range(n + 1)])
    covered = [
        binom.pmf(np.flatnonzero((limits[:, 0] <= p) & (p <= limits[:, 1])), n, p).sum()
        for p in np.linspace(0.3, 0.95, 131)
    ]
    assert 0.945 < np.mean(covered) < 0.96


@pytest.mark.parametrize("k, n", [(0, 10), (3, 10), (25, 50), (50, 50), (37, 60)])
def test_it_lies_within_clopper_and_pearson_s(k, n):
    wide = binomtest(k, n).proportion_ci(method="exact")
    low, high = mid_p(k, n)
    assert wide.low <= low <= k / n <= high <= wide.high
    assert (low == 0) == (k == 0) and (high == 1) == (k == n)


@pytest.mark.parametrize("k", range(0, 41, 4))
def test_p_agrees_with_the_interval(k):
    low, high = mid_p(k, 40)
    assert (mid_p_value(k, 40) < 0.05) == (not low <= 0.5 <= high)


def test_nothing_seen_says_nothing():
    assert mid_p(0, 0) == [0, 1] and mid_p_value(0, 0) == 1 and np.isnan(share(0, 0)["value"])
