"""Temperature, thresholds, calibration error and conformal bounds against known answers."""

import numpy as np
import pytest

from core.evaluate import calibration as c


def over_confident(rng, n=4000, factor=3.0):
    honest = rng.normal(0, 1.5, (n, 3))
    p = c.probabilities(honest)
    labels = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return honest * factor, labels


def test_temperature_undoes_over_confidence(rng):
    logits, labels = over_confident(rng)
    t = c.fit_temperature(logits, labels)
    assert t == pytest.approx(3.0, rel=0.1)
    before = c.expected_calibration_error(c.probabilities(logits), labels)
    after = c.expected_calibration_error(c.probabilities(logits, t), labels)
    assert after < 0.03 < before
    assert c.log_loss(logits, labels, t) < c.log_loss(logits, labels)


def test_ece_of_a_sure_and_wrong_model_is_one_and_of_a_right_one_zero():
    p = np.array([[1.0, 0.0]] * 5)
    assert c.expected_calibration_error(p, np.ones(5, int)) == 1
    assert c.expected_calibration_error(p, np.zeros(5, int)) == 0


def test_reliability_counts_every_image_once(rng):
    p = c.probabilities(rng.normal(size=(50, 4)))
    bins = c.reliability(p, rng.integers(0, 4, 50))
    assert sum(b["n"] for b in bins) == 50
    assert all(0.25 <= b["confidence"] <= 1 for b in bins)


def test_threshold_separates_and_takes_the_middle_of_the_gap():
    positive, labels = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1])
    assert c.best_threshold(positive, labels) == pytest.approx(0.5)


def test_threshold_balances_unequal_classes(rng):
    labels = np.repeat([0, 1], [900, 100])
    positive = 1 / (1 + np.exp(-(labels * 2.0 - 3.0 + rng.normal(0, 1, 1000))))
    t = c.best_threshold(positive, labels)
    predicted = positive >= t
    score = (predicted[labels == 1].mean() + (~predicted[labels == 0]).mean()) / 2
    at_half = positive >= 0.5
    assert t < 0.5
    assert score > (at_half[labels == 1].mean() + (~at_half[labels == 0]).mean()) / 2


def test_threshold_with_equal_scores_is_finite():
    t = c.best_threshold(np.array([0.5, 0.5, 0.5]), np.array([0, 1, 1]))
    assert 0 < t < 1


def test_predict_uses_the_threshold_for_two_classes_only():
    two = np.array([[0.4, 0.6], [0.1, 0.9]])
    assert c.predict(two, 0.7).tolist() == [0, 1]
    assert c.predict(two).tolist() == [1, 1]
    assert c.predict(np.eye(3), 0.7).tolist() == [0, 1, 2]


def test_conformal_bounds_hold_their_promise_on_new_draws(rng):
    def draw(n):
        labels = np.repeat([0, 1], n)
        return 1 / (1 + np.exp(-rng.normal(3.0 * labels - 1.5, 1.5))), labels

    lower, upper = c.conformal_thresholds(*draw(2000), alpha=0.05)
    assert 0 < lower < upper < 1
    p, labels = draw(4000)
    assert (p[labels == 1] < lower).mean() < 0.065  # fakes called real outright
    assert (p[labels == 0] > upper).mean() < 0.065


def test_conformal_bounds_meet_when_the_classes_part():
    p = np.concatenate([np.linspace(0, 0.2, 50), np.linspace(0.8, 1, 50)])
    lower, upper = c.conformal_thresholds(p, np.repeat([0, 1], 50))
    assert lower == upper and 0.2 < lower < 0.8


def test_conformal_bounds_of_too_few_images_decide_nothing():
    assert c.conformal_thresholds(np.array([0.1, 0.9]), np.array([0, 1])) == (0.0, 1.0)
