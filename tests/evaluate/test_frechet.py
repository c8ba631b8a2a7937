import numpy as np
import pytest
from scipy.linalg import sqrtm

from core.evaluate.frechet import frechet, halves, ratio


def with_moments(rng, n, mean, cov):
    """Samples whose mean and covariance are exactly those given."""
    x = rng.normal(size=(n, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    return x @ np.linalg.cholesky(cov).T + mean


def test_diagonal_gaussians_have_the_closed_form(rng):
    a = with_moments(rng, 500, np.array([0.0, 0.0]), np.diag([4.0, 1.0]))
    b = with_moments(rng, 500, np.array([3.0, 0.0]), np.diag([1.0, 9.0]))
    # |μ|² = 9, and (2 - 1)² + (1 - 3)² = 5
    assert frechet(a, b) == pytest.approx(14, rel=1e-9)


def test_full_covariances_match_scipy(rng):
    a, b = (rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) for _ in "ab")
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    gap = a.mean(0) - b.mean(0)
    expected = gap @ gap + np.trace(ca + cb - 2 * np.real(sqrtm(ca @ cb)))
    assert frechet(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet(b, a) == pytest.approx(frechet(a, b), rel=1e-9)


def test_same_set_is_zero_even_with_fewer_images_than_dimensions(rng):
    a = rng.normal(size=(10, 40))
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_ratio_of_equal_distances_is_one_and_falls_with_distance():
    assert ratio(2.0, 2.0) == 1.0
    assert ratio(2.0, 8.0) == 0.25
    assert ratio(2.0, 0.0) == 1.0


def test_halves_are_disjoint_and_stratified(rng):
    classes = np.array([0] * 7 + [1] * 4)
    a, b = halves(classes, rng)
    assert not set(a) & set(b)
    assert sorted(classes[a]) == sorted(classes[b]) == [0, 0, 0, 1, 1]
