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
    found = mrmc.pooled(np.array([0.9, 1.0, 1.0]), np.zeros((3, 1)), (-1, 1))
    assert found["ci"][1] == 1
    assert mrmc.p_value(found, 0.5) < 0.05 < mrmc.p_value(found, found["value"])


@pytest.mark.parametrize("readers", [1, 3])
@pytest.mark.parametrize(("value", "chance"), [(1.0, False), (0.5, True)])
def test_answers_without_spread_are_not_taken_for_certainty(readers, value, chance):
    kinds = np.repeat([0, 1], 20)
    right = np.tile(np.ones(40) if value == 1 else kinds * 1.0, (readers, 1))
    found = mrmc.pooled(*mrmc.means(right, kinds)[1:], mrmc.UNIT, kinds)
    low, high = found["ci"]
    assert found["exact"] == 20 and low <= value <= high and high - low > 0.1
    assert (mrmc.p_value(found, 0.5) > 0.05) == chance


@pytest.mark.parametrize("values", [[0.5, 0.7, 0.66], [0.93, 0.99, 0.96], [0.04, 0.02, 0.01]])
def test_a_share_has_an_interval_within_its_range_that_agrees_with_its_test(values):
    found = mrmc.pooled(np.array(values), np.zeros((3, 1)), mrmc.UNIT)
    low, high = found["ci"]
    assert 0 < low < found["value"] < high < 1
    for limit in (low, high):
        assert mrmc.p_value(found, limit, mrmc.UNIT) == pytest.approx(0.05, abs=1e-6)
    odds = [v / (1 - v) for v in (low, found["value"], high)]
    assert odds[1] / odds[0] == pytest.approx(odds[2] / odds[1])


def test_clusters_of_size_one_give_the_robust_variance():
    influence = np.random.default_rng(0).normal(size=40) / 40
    found, df = mrmc.clustered(influence, np.arange(40), np.arange(40))
    assert found == pytest.approx((influence**2).sum() * 40 / 39) and df == 39


def test_clusters_of_a_full_table_give_its_analysis_of_variance(table):
    r, c = table.shape
    influence = (table - table.mean()) / table.size
    readers, cases = np.divmod(np.arange(table.size), c)
    found, df = mrmc.clustered(influence.ravel(), readers, cases)
    assert found == pytest.approx(mrmc.pooled(*mrmc.means(table)[1:])["se"] ** 2, rel=0.1)
    assert r - 1 < df < r + c


def test_one_reader_varies_over_cases_alone():
    influence = np.random.default_rng(0).normal(size=30) / 30
    found, df = mrmc.clustered(influence, np.zeros(30), np.arange(30), parameters=3)
    assert found == pytest.approx((influence**2).sum() * 30 / 27) and df == 27
