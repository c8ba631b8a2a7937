import numpy as np
import pytest

from core.evaluate.prdc import prdc, radii


def test_radii_on_a_line():
    points = np.array([[0.0], [1.0], [3.0], [7.0]])
    np.testing.assert_allclose(radii(points, 1), [1, 1, 2, 4])
    np.testing.assert_allclose(radii(points, 2), [3, 2, 3, 6])


def test_known_answer_on_a_line():
    real = np.array([[0.0], [1.0], [2.0], [3.0]])  # all balls of radius 1 at k = 1
    synthetic = np.array([[0.5], [0.6], [10.0], [10.5]])
    found = prdc(real, synthetic, k=1)
    assert found["precision"] == 0.5
    # 0.5 and 0.6 lie in the balls of 0 and of 1 alone: 4 hits of 4 · k possible
    assert found["density"] == 1.0
    assert found["coverage"] == 0.5
    # synthetic balls: radius 0.1 around 0.5 and 0.6, 0.5 around the others; none holds a real one
    assert found["recall"] == 0.0


def test_identical_distributions_score_high(rng):
    found = prdc(rng.normal(size=(300, 6)), rng.normal(size=(300, 6)))
    assert found["coverage"] > 0.85 and found["precision"] > 0.6 and found["recall"] > 0.6
    assert found["density"] == pytest.approx(1, abs=0.2)


def test_collapse_keeps_precision_and_loses_recall(rng):
    real = rng.normal(size=(200, 4))
    found = prdc(real, real.mean(0) + 0.01 * rng.normal(size=(200, 4)))
    assert found["precision"] > 0.9
    assert found["recall"] < 0.1 and found["coverage"] < 0.3


def test_distant_images_score_zero(rng):
    found = prdc(rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + 100)
    assert set(found.values()) == {0.0}
