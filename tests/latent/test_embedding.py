import numpy as np
import pytest

from core.latent.embedding import density, fit_plane, uncovered


def test_the_plane_holds_the_widest_axes(rng):
    points = rng.normal(size=(200, 5)) * [0.1, 5.0, 0.1, 2.0, 0.1]
    plane = fit_plane(points)
    assert np.abs(plane.axes[0]).argmax() == 1 and np.abs(plane.axes[1]).argmax() == 3
    assert plane.axes[0][1] > 0 and plane.axes[1][3] > 0  # the sign is no luck
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-9)
    assert 0.95 < sum(plane.explained) <= 1
    np.testing.assert_allclose(plane.project(points).mean(0), 0, atol=1e-9)
    with pytest.raises(ValueError, match="three images"):
        fit_plane(points[:2])


def test_real_images_without_a_generated_neighbour_are_uncovered():
    real = np.array([[0.0, 0], [1, 0], [10, 0], [11, 0]])
    missed = uncovered(real, np.full(4, 1.0), np.array([[0.5, 0.0], [0.2, 0.1]]))
    assert missed.tolist() == [False, False, True, True]


def test_density_counts_and_marks_gaps(rng):
    left, right = rng.normal(size=(2, 500, 2)) + np.array([[[0, 0]], [[20, 0]]])
    points = np.concatenate([left, right])
    missed = np.arange(1000) >= 500
    found = density(points, points, missed)
    counts = np.array(found["count"])
    assert 950 <= counts.sum() <= 1000
    gaps = np.array(found["uncovered"], float)
    x = np.array(found["x"])
    assert np.nanmax(gaps[:, x < 8]) == 0 and np.nanmin(gaps[:, x > 12]) == 1
    assert np.isnan(gaps[counts == 0]).all()
