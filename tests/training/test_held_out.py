"""Held-out images: validation, shifted copies, nothing else."""

import numpy as np

from core.training.held_out import make_held_out
from tests.training.test_classifier import made_up

SHIFT = {"rotation": 0, "shift": 0, "shear": 0, "scale": 0, "brightness": 0.3, "contrast": 0}


def test_without_a_shift_it_is_validation():
    data = made_up()
    held = make_held_out(data, "pneumonia", {})
    assert np.array_equal(held.images, data.images[data.indices("val", "pneumonia")])
    assert set(held.part) == {"val"}


def test_shifted_copies_keep_labels_and_repeat():
    config = {"held_out": {"copies": 2, "shift": SHIFT}}
    one, two = (make_held_out(made_up(), "pneumonia", config) for _ in range(2))
    n = int((one.part == "val").sum())
    assert len(one.images) == len(one.labels) == 3 * n and (one.part == "shift").sum() == 2 * n
    assert np.array_equal(one.images, two.images)
    assert np.array_equal(one.labels[:n], one.labels[n : 2 * n])
    plain, first, second = (one.images[k * n : (k + 1) * n].astype(float) for k in range(3))
    assert not np.array_equal(plain, first) and not np.array_equal(first, second)
    moved = (first - plain).mean((1, 2, 3))
    assert np.abs(moved).max() < 0.3 * 127.5 + 2 and np.abs(moved).max() > 5
