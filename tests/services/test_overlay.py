"""Maps over images."""

import numpy as np

from core.services.overlay import overlay


def test_red_for_blue_against_and_nothing_at_zero():
    pixels = np.full((8, 8, 1), 120, np.uint8)
    values = np.zeros((8, 8), np.float32)
    values[:2], values[6:] = 1.0, -1.0
    painted = overlay(pixels, values)
    assert painted.shape == (8, 8, 3) and painted.dtype == np.uint8
    assert (painted[4] == 120).all()
    assert painted[0, 0, 0] > painted[0, 0, 2] and painted[7, 0, 2] > painted[7, 0, 0]


def test_an_empty_map_leaves_the_image_alone():
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert np.array_equal(overlay(pixels, np.zeros((4, 4))), pixels)
