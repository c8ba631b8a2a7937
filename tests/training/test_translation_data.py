import pytest
import torch

from core.training.translation_data import ImagePool, PairBatches, SliceBatches, affine, warped
from core.translation.slices import read_slices
from tests.phantoms import slices_zip

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return read_slices([slices_zip(folder / "made.zip")], 32, folder / "cache")


def test_batches_hold_images_and_masks_in_range(slices):
    batch = SliceBatches(slices, CPU).draw(6)
    for image in (batch.mri, batch.ct):
        assert image.shape == (6, 1, 32, 32)
        assert -1 <= float(image.min()) < -0.9 and float(image.max()) <= 1
    assert 0.1 < float(batch.ct_mask.mean()) < 0.8


def test_the_same_seed_draws_the_same_batch(slices):
    source, found = SliceBatches(slices, CPU, 0.2), []
    for _ in range(2):
        torch.manual_seed(5)
        found.append(source.draw(4))
    torch.testing.assert_close(found[0].mri, found[1].mri)
    torch.testing.assert_close(found[0].ct, found[1].ct)


def test_position_based_selection_draws_slices_of_the_same_height(slices):
    near, far = SliceBatches(slices, CPU, 0.05, False), SliceBatches(slices, CPU, 0.0, False)
    shares = []
    for source in (near, far):
        for images, heights in ((source.mri, source.mri_height), (source.ct, source.ct_height)):
            images[:, 0] = (heights * 200).round()[:, None, None].to(torch.uint8)
        batch = source.draw(96)
        mri, ct = ((x[:, 0, 0, 0] + 1) / 2 * 255 for x in (batch.mri, batch.ct))
        top = mri > 190  # the only height at which the made-up MRI and CT both have slices
        shares.append(float((ct[top] > 190).float().mean()))
    assert shares[0] == 1.0
    assert shares[1] < 0.8


def test_both_slices_of_a_pair_are_warped_alike(slices):
    positions = slices.cases(0)["train"]
    torch.manual_seed(1)
    batch = PairBatches(slices, positions, CPU).draw(8)
    overlap = (batch.mri_mask * batch.ct_mask).sum() / batch.mri_mask.sum()
    assert float(overlap) > 0.9


def test_warps_keep_the_area_about_right():
    torch.manual_seed(0)
    x = torch.zeros(32, 1, 48, 48)
    x[..., 16:32, 16:32] = 1
    areas = warped(x, affine(32, CPU)).sum((1, 2, 3)) / 256
    assert float(areas.min()) > 0.7 and float(areas.max()) < 1.4
    assert float(areas.std()) > 0.02


def test_pool_returns_new_images_first_and_mixes_later():
    torch.manual_seed(0)
    pool = ImagePool(6, 4, CPU)
    for value in (1.0, 2.0):
        fresh = torch.full((3, 1, 4, 4), value)
        torch.testing.assert_close(pool.exchange(fresh), fresh)
    out = torch.cat([pool.exchange(torch.full((3, 1, 4, 4), 3.0)) for _ in range(8)])
    values = set(out.flatten().tolist())
    assert 3.0 in values and values & {1.0, 2.0}
