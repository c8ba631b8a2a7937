"""The study's statistics against known cases and against the plain, slow way."""

import numpy as np
import pytest

from core.evaluate.bootstrap import delong
from core.evaluate.classification import balanced_accuracy, macro_auc
from core.study.statistics import (
    Answers,
    TestSet,
    area,
    area_effect,
    area_level,
    effect,
    level,
    spread,
    vote,
    voted_mcnemar,
)

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], [60, 120, 90])


def answers(skill: float, seed: int, labels: np.ndarray = LABELS) -> Answers:
    rng, classes = np.random.default_rng(seed), labels.max() + 1
    scores = rng.normal(size=(len(labels), classes)) + skill * np.eye(classes)[labels]
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return Answers(p, p.argmax(1), p)


def right(skill: float, seeds: range, labels: np.ndarray = LABELS) -> np.ndarray:
    return np.stack([answers(skill, s, labels).said == labels for s in seeds])


@pytest.fixture(scope="module")
def test():
    return TestSet(LABELS, draws=4000)


def test_weights_give_the_figures(test):
    said = answers(1.0, 3).said
    hit = said == LABELS
    assert hit @ test.weights["accuracy"] == pytest.approx(hit.mean())
    expected = balanced_accuracy(said, LABELS)
    assert hit @ test.weights["balanced_accuracy"] == pytest.approx(expected)
    assert hit @ test.recall_weights(1) == pytest.approx(hit[LABELS == 1].mean())


def test_resamples_keep_class_counts(test):
    for k, n in zip(*np.unique(LABELS, return_counts=True)):
        assert (test.times[:, k == LABELS].sum(1) == n).all()


def test_one_seed_has_the_binomial_interval(test):
    hits = right(1.0, range(1))
    found = level(hits, test.weights["accuracy"], test)
    rates = [hits[0][k == LABELS].mean() for k in range(3)]
    sizes = np.bincount(LABELS) / len(LABELS)
    error = np.sqrt(sum(s**2 * r * (1 - r) / (s * len(LABELS)) for s, r in zip(sizes, rates)))
    assert found["sd"] == 0 and found["mean"] == pytest.approx(hits.mean())
    assert found["ci"][1] - found["ci"][0] == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_seeds_widen_the_interval(test):
    same = np.repeat(right(1.0, range(1)), 3, axis=0)
    apart = np.stack([right(s, range(1))[0] for s in (0.2, 1.0, 2.5)])
    widths = [np.diff(level(h, test.weights["accuracy"], test)["ci"])[0] for h in (same, apart)]
    assert widths[1] > 1.5 * widths[0]


def test_no_effect_is_not_found_and_a_large_one_is(test):
    none = effect(right(1.0, range(3)), right(1.0, range(5, 8)), test.weights["accuracy"], test)
    assert none["ci"][0] < 0 < none["ci"][1] and none["p"] > 0.05
    large = effect(right(0.5, range(3)), right(2.0, range(3)), test.weights["accuracy"], test)
    assert large["ci"][0] > 0 and large["p"] < 0.001
    back = effect(right(2.0, range(3)), right(0.5, range(3)), test.weights["accuracy"], test)
    assert back["value"] == pytest.approx(-large["value"])


def test_an_arm_against_itself_differs_by_nothing(test):
    hits = right(1.0, range(3))
    found = effect(hits, hits, test.weights["balanced_accuracy"], test)
    assert found["value"] == 0 and found["ci"] == [0, 0] and found["p"] == 1


def test_false_alarms_come_at_their_rate():
    labels, found = np.repeat([0, 1], 60), []
    test = TestSet(labels, draws=500)
    for k in range(120):
        rng = np.random.default_rng(k)
        one, other = rng.random((2, 1, 120)) < 0.8
        found.append(effect(one, other, test.weights["accuracy"], test)["p"] < 0.05)
    assert np.mean(found) < 0.13


def test_area_is_macro_and_agrees_with_delong():
    labels = np.repeat([0, 1], [70, 50])
    one, other = answers(0.8, 1, labels), answers(1.5, 2, labels)
    test = TestSet(labels, draws=10)
    ours = area_effect([one], [other], test)
    theirs = delong(one.p[:, 1], other.p[:, 1], labels)
    assert ours["value"] == pytest.approx(theirs["value"])
    assert ours["p"] == pytest.approx(theirs["p"], rel=1e-6)
    assert area(answers(1.0, 4).p, LABELS)[0] == pytest.approx(macro_auc(answers(1.0, 4).p, LABELS))


def test_the_interval_of_an_area_matches_a_bootstrap(test):
    given = answers(0.7, 5)
    rng, draws = np.random.default_rng(1), []
    for _ in range(300):
        rows = np.concatenate(
            [rng.choice(np.flatnonzero(k == LABELS), (k == LABELS).sum()) for k in range(3)]
        )
        draws.append(macro_auc(given.p[rows], LABELS[rows]))
    found = area_level([given], test)["ci"]
    assert found == pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist(), abs=0.01)


def test_equal_areas_have_no_difference(test):
    same = [answers(1.0, 1)]
    assert area_effect(same, same, test)["p"] == 1.0


def test_votes_and_their_test():
    labels = np.array([0, 1, 1])
    made = [
        Answers(np.eye(2)[s], np.array(s), np.eye(2)[s]) for s in ([0, 1, 0], [0, 0, 0], [0, 1, 1])
    ]
    assert vote(made).tolist() == [0, 1, 0]
    other = [Answers(np.eye(2)[[0, 1, 1]], np.array([0, 1, 1]), np.eye(2)[[0, 1, 1]])]
    found = voted_mcnemar(made, other, TestSet(labels, draws=10))
    assert found["only_other_right"] == 1 and found["only_one_right"] == 0
    assert made[0].at(np.array([2])).said.tolist() == [0]


def test_spread_of_one_value_is_zero():
    assert spread(np.array([0.5])) == {"mean": 0.5, "sd": 0.0}
