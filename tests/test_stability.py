"""The stability strip's re-encodings."""

import numpy as np
import pytest

from core.stability import DEGRADATIONS, degrade
from tests.toy import real_image


@pytest.mark.parametrize("channels", [1, 3])
def test_every_degradation_changes_the_image_a_little(channels):
    image = real_image(size=64, channels=channels)
    strip = degrade(image, 32)
    assert list(strip) == ["as given", *DEGRADATIONS]
    assert np.array_equal(strip.pop("as given"), image)
    for name, changed in strip.items():
        assert changed.dtype == np.uint8 and changed.ndim == image.ndim
        if name == "half size":
            assert changed.shape[:2] == (16, 16)
            continue
        difference = np.abs(changed.astype(int) - image).mean()
        assert 0 < difference < 12, name


def test_floats_are_taken_and_large_images_reduced():
    image = real_image(size=400).astype(np.float32) / 255
    strip = degrade(image, 32)
    assert strip["as given"].shape == (400, 400)
    assert strip["noise"].shape == (128, 128)
    assert np.array_equal(strip["noise"], degrade(image, 32)["noise"])
