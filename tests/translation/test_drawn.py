"""Slices drawn without a model: T2's contrast turned round inside a drawn skull."""

import numpy as np
import pytest

from core.translation.drawn import Inversion, inside_skull
from core.translation.slices import read_slices
from tests.phantoms import slices_zip


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    return read_slices([slices_zip(folder / "made.zip")], 64, folder / "cache")


@pytest.fixture(scope="module")
def inversion(slices):
    return Inversion.of(slices)


def test_bright_fluid_becomes_dark_and_dark_fluid_bright(slices, inversion):
    assert (np.diff(inversion.to_ct.astype(int)) <= 0).all()
    assert (np.diff(inversion.to_mri.astype(int)) <= 0).all()
    assert inversion.to_ct[220] < inversion.to_ct[90]  # ventricles against brain, in the phantom
    assert inversion.to_mri[50] > inversion.to_mri[100]


def test_a_drawn_ct_has_a_skull_and_is_nearer_to_the_true_one_than_the_mri(slices, inversion):
    mri, mask, ct = slices.pair_mri[0], slices.pair_mri_mask[0], slices.pair_ct[0]
    drawn = inversion.draw_ct(mri, mask)
    assert drawn.shape == mri.shape and drawn.dtype == np.uint8
    assert not drawn[~mask].any() and (drawn == 255).any()
    inner = inside_skull(mask, inversion.settings)
    far = [np.abs(x.astype(int) - ct)[inner].mean() for x in (drawn, mri)]
    assert far[0] < far[1]


def test_a_drawn_mri_has_dark_bone_and_no_head_outside_the_mask(slices, inversion):
    ct, mask = slices.pair_ct[0], slices.pair_ct_mask[0]
    drawn = inversion.draw_mri(ct, mask)
    assert not drawn[~mask].any() and drawn[(ct >= 240) & mask].max() < 40
