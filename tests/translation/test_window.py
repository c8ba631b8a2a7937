import numpy as np
import pytest

from core.translation.window import BRAIN, Window


def test_ends_of_the_window():
    np.testing.assert_allclose(BRAIN.to_hu(np.array([0, 255])), [0, 80])
    np.testing.assert_allclose(BRAIN.to_grey(np.array([-1000, 40, 2000])), [0, 127.5, 255])


def test_an_error_in_grey_levels_is_one_in_hounsfield_units():
    assert BRAIN.error_hu(255) == pytest.approx(80)
    assert Window(width=255, level=0).error_hu(3) == pytest.approx(3)


def test_a_narrower_view_stretches_the_greys():
    grey = np.array([0, 100, 128, 150, 255], np.uint8)
    narrow = BRAIN.view(grey, Window(width=20, level=40))
    assert narrow[0] == 0 and narrow[-1] == 255
    assert narrow[3] - narrow[2] > 3 * (150 - 128)
    np.testing.assert_array_equal(BRAIN.view(grey, BRAIN), grey)
