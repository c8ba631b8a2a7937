"""Intervals over readers and cases."""

import numpy as np
import pytest
from scipy import stats

from core.readers.analysis import mrmc


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 1)) + rng.normal(size=(1, 30)) + rng.normal(size=(8, 30))


def test_without_case_variance_it_is_the_t_interval():
    values = np.array([0.6, 0.7, 0.8, 0.65, 0.72])
    found = mrmc.pooled(values, np.zeros((5, 1)))
    plain = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert found["ci"] == pytest.approx(plain) and found["df"] == 4


def test_influence_gives_the_variance_of_a_mean(table):
    _, values, influence = mrmc.means(table)
    assert values == pytest.approx(table.mean(1))
    assert (influence**2).sum(1) == pytest.approx(table.var(1, ddof=1) / 30)


def test_shared_cases_widen_the_interval(table):
    _, values, influence = mrmc.means(table)
    alone = mrmc.pooled(values, np.zeros_like(influence))
    assert mrmc.pooled(values, influence)["se"] > alone["se"]


def test_it_agrees_with_two_way_analysis_of_variance(table):
    _, values, influence = mrmc.means(table)
    r, c = table.shape
    rows, columns = table.mean(1), table.mean(0)
    rest = table - rows[:, None] - columns[None] + table.mean()
    ms_r = c * rows.var(ddof=1)
    ms_c = r * columns.var(ddof=1)
    ms_rc = (rest**2).sum() / ((r - 1) * (c - 1))
    wanted = (ms_r + ms_c - ms_rc) / (r * c)
    assert mrmc.pooled(values, influence)["se"] ** 2 == pytest.approx(wanted)


def test_unfinished_readers_count_with_what_they_have(table):
    table[3, 10:] = np.nan
    table[5, 1:] = np.nan
    kept, values, influence = mrmc.means(table)
    assert kept.tolist() == [0, 1, 2, 3, 4, 6, 7]
    assert values[3] == pytest.approx(np.nanmean(table[3])) and not influence[3, 10:].any()


def test_strata_take_the_spread_within():
    row = np.array([[1.0, 1.0, 0.0, 0.0]])
    kinds = np.array([1, 1, 0, 0])
    assert not mrmc.means(row, kinds)[2].any() and mrmc.means(row)[2].any()


@pytest.mark.parametrize("readers", [0, 1])
def test_few_readers_are_said_to_be_few(table, readers):
    _, values, influence = mrmc.means(table[:readers])
    found = mrmc.pooled(values, influence)
    assert found["readers"] == readers and np.isnan(found["value"]) == (readers == 0)
    assert (found["se"] > 0) == (readers == 1)


def test_limits_of_the_range_and_p_values():
    found = mrmc.pooled(np.array([0.9, 1.0, 1.0]), np.zeros((3, 1)), (0, 1))
    assert found["ci"][1] == 1
    assert mrmc.p_value(found, 0.5) < 0.05 < mrmc.p_value(found, found["value"])
    same = mrmc.pooled(np.array([1.0, 1.0]), np.zeros((2, 1)))
    assert mrmc.p_value(same, 1.0) == 1 and mrmc.p_value(same, 0.5) == 0


def test_clusters_of_size_one_give_the_robust_variance():
    rng = np.random.default_rng(0)
    influence = rng.normal(size=(40, 1)) / 40
    found, df = mrmc.clustered(np.zeros(1), influence, np.arange(40), np.arange(40))
    assert found[0, 0] == pytest.approx((influence**2).sum() * 40 / 39) and df == 39
