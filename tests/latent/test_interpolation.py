import pytest
import torch

from core.latent.interpolation import lerp, path, path_length, slerp


@pytest.mark.parametrize("blend", [lerp, slerp])
def test_end_points_are_exact(blend):
    a, b = torch.randn(2, 5, 64) * 3, torch.randn(2, 5, 64)
    assert torch.equal(blend(a, b, 0.0), a)
    assert torch.equal(blend(a, b, 1.0), b)
    frames = path(a, b, 7, blend)
    assert frames.shape == (7, 2, 5, 64)
    assert torch.equal(frames[0], a) and torch.equal(frames[-1], b)


def test_slerp_keeps_the_length_and_turns_evenly():
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    middle = slerp(a, b, 0.5)
    assert middle.norm() == pytest.approx(1.0)
    assert torch.allclose(middle, torch.tensor([0.5**0.5, 0.5**0.5]))
    third = slerp(a, b, 1 / 3)
    assert torch.rad2deg(torch.atan2(third[1], third[0])) == pytest.approx(30.0, abs=1e-3)


def test_slerp_of_parallel_codes_is_finite():
    a = torch.randn(8)
    assert torch.allclose(slerp(a, 2 * a, 0.5), 1.5 * a, atol=1e-4)
    assert torch.isfinite(slerp(a, -a, 0.5)).all()
    assert torch.isfinite(slerp(torch.zeros(8), a, 0.5)).all()


def test_lerp_is_halfway_and_end_points_are_copies():
    a, b = torch.zeros(3), torch.ones(3)
    assert torch.equal(lerp(a, b, 0.5), torch.full((3,), 0.5))
    lerp(a, b, 0.0).add_(1)
    assert a.sum() == 0


def test_a_path_needs_two_frames():
    with pytest.raises(ValueError, match="two frames"):
        path(torch.zeros(2), torch.ones(2), 1)


def test_path_length_adds_the_steps():
    images = torch.tensor([0.0, 3.0, 3.0, 7.0]).reshape(4, 1, 1, 1)
    assert path_length(images, lambda x: x.flatten(1)) == pytest.approx(7.0)
