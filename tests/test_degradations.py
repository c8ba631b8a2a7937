"""Degradations: same shape and type, the stated effect, the same chain for every image."""

import numpy as np
import pytest

from core.degradations import DEGRADATIONS
from core.training.degrade import RANGES, degrade, degrade_all, random_chain


def picture(channels=1, size=32):
    smooth = np.linspace(40, 200, size)[:, None, None] + np.zeros((size, size, channels))
    return (smooth + np.random.default_rng(0).integers(0, 30, smooth.shape)).astype(np.uint8)


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_type_stay_and_something_changes(name, channels):
    image = picture(channels)
    worst = max(RANGES[name], key=lambda a: abs(a - 1)) if name == "gamma" else RANGES[name][0]
    worst = RANGES[name][1] if name in ("crop", "noise", "blur") else worst
    out = DEGRADATIONS[name](image, worst, np.random.default_rng(1))
    assert out.shape == image.shape and out.dtype == np.uint8
    gap = np.abs(out.astype(int) - image).mean()
    assert 0 < gap < 40


def test_gamma_of_one_and_crop_of_nothing_change_nothing():
    image, rng = picture(), np.random.default_rng(0)
    assert np.array_equal(DEGRADATIONS["gamma"](image, 1.0, rng), image)
    assert np.array_equal(DEGRADATIONS["crop"](image, 0.0, rng), image)


def test_lower_jpeg_quality_loses_more():
    image, rng = picture(), np.random.default_rng(0)
    losses = [
        np.abs(DEGRADATIONS["jpeg"](image, q, rng).astype(int) - image).mean() for q in (95, 40)
    ]
    assert losses[0] < losses[1]


def test_chains_are_repeatable_short_and_within_range():
    seen = set()
    for seed in range(60):
        chain = random_chain(np.random.default_rng(seed))
        assert chain == random_chain(np.random.default_rng(seed)) and len(chain) <= 3
        for name, amount in chain:
            low, high = RANGES[name]
            assert low <= amount <= high
            seen.add(name)
    assert seen == set(RANGES)


def test_a_degradation_can_be_kept_unseen():
    chains = [random_chain(np.random.default_rng(s), "jpeg") for s in range(60)]
    assert all(name != "jpeg" for chain in chains for name, _ in chain)


def test_the_chain_depends_on_the_position_and_not_on_the_content():
    images = np.stack([picture(), picture() // 2])
    swapped = degrade_all(images[::-1], seed=3)
    assert np.array_equal(swapped[0], degrade(images[1], np.random.default_rng([3, 0])))
    assert np.array_equal(swapped[1], degrade(images[0], np.random.default_rng([3, 1])))
