"""Intervals and paired tests against known answers."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.evaluate.bootstrap import (
    delong,
    mcnemar,
    paired_difference,
    resamples,
    with_interval,
)
from core.evaluate.classification import macro_auc


def area(scores, labels, i):
    return macro_auc(np.stack([-scores[i], scores[i]], 1), labels[i])


def test_resamples_keep_class_counts_and_repeat_with_the_seed(rng):
    labels = np.array([0] * 5 + [1] * 9)
    one, two = list(resamples(labels, 3, seed=4)), list(resamples(labels, 3, seed=4))
    assert all(np.array_equal(a, b) for a, b in zip(one, two))
    assert all(np.bincount(labels[chosen]).tolist() == [5, 9] for chosen in one)


def test_interval_of_a_mean_is_near_the_normal_one(rng):
    values, labels = rng.normal(2.0, 1.0, 400), np.zeros(400, int)
    found = with_interval({"mean": lambda i: values[i].mean()}, labels, 500)["mean"]
    assert found["value"] == pytest.approx(values.mean())
    half = 1.96 / np.sqrt(400)
    assert found["ci"][0] == pytest.approx(values.mean() - half, abs=0.03)
    assert found["ci"][1] == pytest.approx(values.mean() + half, abs=0.03)


def test_intervals_cover_the_truth_about_as_often_as_they_say(rng):
    labels, hits = np.zeros(60, int), 0
    for seed in range(60):
        values = np.random.default_rng(seed).random(60) < 0.7
        low, high = with_interval({"m": lambda i, v=values: v[i].mean()}, labels, 200)["m"]["ci"]
        hits += low <= 0.7 <= high
    assert hits >= 50


def test_paired_difference_sees_a_gain_and_not_noise(rng):
    labels = np.zeros(200, int)
    base = rng.random(200) < 0.6
    better = base | (rng.random(200) < 0.5)
    gain = paired_difference(lambda i: base[i].mean(), lambda i: better[i].mean(), labels, 300)
    assert gain["value"] > 0 and gain["ci"][0] > 0 and gain["p"] < 0.05
    none = paired_difference(lambda i: base[i].mean(), lambda i: base[i].mean(), labels, 300)
    assert none["value"] == 0 and none["p"] == 1


def test_mcnemar_is_the_binomial_test_on_discordant_pairs():
    one = np.array([True] * 9 + [False] * 1 + [True] * 20)
    other = np.array([False] * 9 + [True] * 1 + [True] * 20)
    found = mcnemar(one, other)
    assert (found["only_one_right"], found["only_other_right"]) == (9, 1)
    assert found["p"] == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(one, one)["p"] == 1


def test_delong_gap_is_the_auc_gap_and_its_variance_is_the_bootstraps(rng):
    labels = np.repeat([0, 1], 150)
    one = labels + rng.normal(0, 1.5, 300)
    other = labels + 0.5 * one + rng.normal(0, 0.6, 300)
    found = delong(one, other, labels)
    areas = roc_auc_score(labels, one), roc_auc_score(labels, other)
    assert found["value"] == pytest.approx(areas[1] - areas[0])
    pair = [lambda i, s=scores: area(s, labels, i) for scores in (one, other)]
    gap = paired_difference(*pair, labels)
    assert found["ci"][0] == pytest.approx(gap["ci"][0], abs=0.02)
    assert found["ci"][1] == pytest.approx(gap["ci"][1], abs=0.02)
    assert delong(one, one, labels)["p"] == 1
