import numpy as np
import pytest

from core.translation.head import head_mask, prepare, to_grey
from tests.phantoms import head


@pytest.mark.parametrize("modality", ["mri", "ct"])
def test_mask_covers_the_head_with_its_dark_parts(modality):
    image = head(modality, 128)
    mask = head_mask(image, modality)
    rows, columns = (np.mgrid[0:128, 0:128] + 0.5) / 128 - 0.5
    ellipse = (columns / 0.33) ** 2 + (rows / 0.4) ** 2 < 1
    assert 2 * (mask & ellipse).sum() / (mask.sum() + ellipse.sum()) > 0.93
    assert mask[64, 64]


def test_what_lies_beside_the_head_is_left_out():
    image = head("ct", 128)
    image[120:124, 20:100] = 255  # a head holder
    pixels, mask = prepare(image, "ct", 128)
    assert not mask[118:, :].any()
    assert pixels[118:].max() == 0


def test_a_dark_slice_has_no_head():
    pixels, mask = prepare(np.zeros((40, 40), np.uint8), "mri", 32)
    assert not mask.any()
    assert pixels.max() == 0


def test_mri_is_scaled_to_its_own_range_and_ct_is_not():
    faint = head("mri", 64) // 2
    assert np.percentile(prepare(faint, "mri", 64)[0], 99.9) > 240
    ct = head("ct", 64)
    pixels, mask = prepare(ct, "ct", 64)
    np.testing.assert_array_equal(pixels[mask], ct[mask])


def test_mri_prepared_twice_does_not_drift():
    once, mask = prepare(head("mri", 64), "mri", 64)
    twice, again = prepare(once, "mri", 64)
    assert np.abs(once.astype(int) - twice).mean() < 2
    assert (mask != again).mean() < 0.02


@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (40, 60, 3), (50, 50, 1)])
def test_any_shape_becomes_a_square_with_its_proportions(shape):
    image = np.full(shape, 0.5, np.float32)
    out = to_grey(image, 32)
    assert out.shape == (32, 32) and out.dtype == np.uint8
    bright = (out > 60).sum()
    share = min(shape[:2]) / max(shape[:2])
    assert bright / out.size == pytest.approx(share, abs=0.07)
