import numpy as np
import pytest

from core.evaluate.copy_audit import audit, limit, nearest, thumbnails, unit
from core.evaluate.intervals import bootstrap_mean, share, wilson


def blobs(rng, n, size=64, channels=1):
    """Smooth made-up images."""
    small = rng.random((n, 8, 8, channels))
    return (np.kron(small, np.ones((1, size // 8, size // 8, 1))) * 255).astype(np.uint8)


def distances(images, train):
    return nearest(thumbnails(images), thumbnails(train))


def test_nearest_finds_a_planted_copy_through_brightness_and_noise(rng):
    train = blobs(rng, 30)
    altered = train[17].astype(float) * 0.7 + 20 + rng.normal(0, 3, train[17].shape)
    distance, position = distances(np.clip(altered, 0, 255).astype(np.uint8)[None], train)
    assert position[0] == 17
    assert distance[0] < 0.01


def test_planted_copies_exceed_the_rate_of_held_out_images(rng):
    train, held, fresh = blobs(rng, 80), blobs(rng, 80), blobs(rng, 60)
    leak = np.concatenate([fresh[:40], train[:20]])
    own = distances(held, train)[0]
    found = audit(own, distances(leak, train)[0])
    assert found["synthetic"]["k"] >= 20
    assert found["exceeds_held_out"]
    clean = audit(own, distances(fresh, train)[0])
    assert clean["synthetic"]["rate"] < 0.1
    assert not clean["exceeds_held_out"]


def test_held_out_rate_is_not_fixed_by_construction(rng):
    held = rng.random(400)
    found = audit(held, rng.random(400))
    assert found["held_out"]["n"] == 400
    assert found["held_out"]["rate"] < 0.05
    assert found["limit"] == pytest.approx(limit(held))


def test_thumbnails_are_unit_vectors_and_constant_images_are_zero(rng):
    found = thumbnails(
        np.concatenate([blobs(rng, 2, channels=3), np.full((1, 64, 64, 3), 9)], 0).astype(np.uint8)
    )
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 0], atol=1e-4)
    np.testing.assert_allclose(found.sum(1), 0, atol=1e-3)


def test_unit_moves_by_a_given_centre():
    found = unit(np.array([[3.0, 4.0], [0.0, 5.0]]), np.array([0.0, 4.0]))
    np.testing.assert_allclose(found, [[1, 0], [0, 1]])


def test_wilson_matches_a_published_value():
    # 10 of 100: Newcombe 1998 gives .0552 to .1744
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 20)[0] == 0.0 and wilson(20, 20)[1] == 1.0


def test_share_and_bootstrap_hold_their_estimate(rng):
    found = share(np.array([True] * 3 + [False] * 9))
    assert found["rate"] == 0.25 and found["k"] == 3 and found["n"] == 12
    values = rng.normal(5, 1, 200)
    low, high = bootstrap_mean(values)
    assert low < values.mean() < high and high - low < 0.5
