import numpy as np
import pytest
import torch

from core.training import translation_losses as losses
from core.translation.head import head_mask
from tests.phantoms import head


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels / 255 * 2 - 1, dtype=torch.float32)[None, None]


@pytest.fixture
def pair():
    mri, ct = head("mri", 128, 3), head("ct", 128, 3)
    mask = torch.tensor(head_mask(mri, "mri"), dtype=torch.float32)[None, None]
    return tensor(mri), tensor(ct), mask


def test_the_true_ct_has_the_right_shape_and_others_do_not(pair):
    _, ct, mask = pair
    right = losses.shape_consistency(ct, mask, 0)
    large = losses.shape_consistency(tensor(head("ct", 128, 3, scale=1.2)), mask, 0)
    small = losses.shape_consistency(tensor(head("ct", 128, 3, scale=0.6)), mask, 0)
    assert float(right) < 0.02
    assert float(large) > 5 * float(right)
    assert float(small) > 5 * float(right)


def test_a_scalp_may_stand_outside_where_it_is_allowed(pair):
    mri, _, mask = pair
    shrunk = -torch.nn.functional.max_pool2d(-mask, 5, 1, 2)
    assert float(losses.shape_consistency(mri, shrunk, 4)) < float(
        losses.shape_consistency(mri, shrunk, 0)
    )


def test_structure_is_nearer_in_place_than_moved_or_of_another_head(pair):
    mri, ct, mask = pair
    in_place = float(losses.structure_consistency(mri, ct, mask))
    moved = float(losses.structure_consistency(mri, ct.roll(6, -1), mask))
    assert in_place < 0.8 * moved


def test_descriptor_does_not_know_which_side_is_bright():
    x = torch.rand(1, 1, 24, 24)
    torch.testing.assert_close(losses.mind(x), losses.mind(1 - x), rtol=1e-3, atol=1e-4)


def test_gradients_are_finite_on_flat_images():
    y = torch.zeros(1, 1, 64, 64, requires_grad=True)
    mask = torch.zeros(1, 1, 64, 64)
    loss = losses.shape_consistency(y, mask, 0) + losses.structure_consistency(y.detach(), y, mask)
    loss.backward()
    assert torch.isfinite(y.grad).all()


def test_aligned_loss_is_zero_for_the_truth_alone(pair):
    mri, ct, mask = pair
    assert float(losses.aligned(ct, ct, mask)) == pytest.approx(0, abs=1e-5)
    assert float(losses.aligned(mri, ct, mask)) > 0.3


def test_least_squares_target():
    assert float(losses.least_squares(torch.tensor([1.0, 0.0]), 1.0)) == pytest.approx(0.5)
