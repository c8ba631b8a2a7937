import numpy as np
import pytest
import torch

from core.cards import Card
from core.models.translation.cyclegan import CycleGan
from core.registry import Registry
from core.translation.apply import to_pixels, to_tensor, translate_slices
from core.translation.explain import critique, saliency
from tests.phantoms import head
from tests.translators import SIZE, write_translators


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explain")
    write_translators(folder)
    return Registry(folder, torch.device("cpu")).get("brain_mri/cyclegan")


def test_pixels_survive_the_way_to_a_tensor_and_back():
    pixels = head("ct", SIZE)[None]
    np.testing.assert_array_equal(to_pixels(to_tensor(pixels, torch.device("cpu"))), pixels)


def test_batches_give_what_single_slices_give(loaded):
    pixels = np.stack([head("mri", SIZE, k) for k in range(3)])
    whole, _ = translate_slices(loaded, pixels, "mri_to_ct", batch=2)
    alone, _ = translate_slices(loaded, pixels[2:], "mri_to_ct")
    assert np.abs(whole[2].astype(int) - alone[0]).max() <= 2


@pytest.mark.parametrize("direction", ["mri_to_ct", "ct_to_mri"])
def test_critique_is_a_signed_map_beside_its_scores(loaded, direction):
    found = critique(loaded, head("ct", SIZE), direction)
    assert found.cam.shape == (SIZE, SIZE)
    assert float(np.abs(found.cam).max()) == pytest.approx(1, abs=1e-5)
    assert found.mean == pytest.approx(float(found.scores.mean()))
    assert isinstance(loaded.card, Card) and isinstance(loaded.module, CycleGan)


def test_saliency_lies_where_the_region_is(loaded):
    found = saliency(loaded, head("mri", SIZE), "mri_to_ct", (12, 12, 20, 20))
    assert found.values.shape == (SIZE, SIZE)
    assert found.area == pytest.approx(64 / SIZE**2)
    assert found.inside > 1.2 * found.area  # the weights are random: only roughly there


@pytest.mark.parametrize("box", [(4, 4, 4, 9), (0, 0, SIZE + 1, 4), (-1, 0, 4, 4)])
def test_a_region_outside_the_picture_is_refused(loaded, box):
    with pytest.raises(ValueError, match="empty or leaves"):
        saliency(loaded, head("mri", SIZE), "mri_to_ct", box)


def test_nothing_is_left_on_the_model(loaded):
    saliency(loaded, head("mri", SIZE), "mri_to_ct", (0, 0, 8, 8))
    assert all(p.grad is None and not p.requires_grad for p in loaded.module.parameters())
