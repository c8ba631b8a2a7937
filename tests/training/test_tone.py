"""Texture changes: nothing at amount zero, the right direction otherwise."""

import pytest
import torch

from core.training import tone

CHANGES = [tone.sharpen, tone.lose_resolution, tone.local_contrast, tone.jpeg]


def noise(channels: int = 1, size: int = 32) -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return (torch.rand(3, channels, size, size, generator=random) - 0.5) * 0.8


def detail(x: torch.Tensor) -> torch.Tensor:
    return (x[..., 1:] - x[..., :-1]).abs().mean(dim=(1, 2, 3))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("channels", [1, 3])
def test_amount_zero_changes_nothing(change, channels):
    x = noise(channels)
    found = change(x, torch.zeros(3))
    assert found.shape == x.shape and torch.allclose(found, x, atol=1e-2)


def test_detail_goes_or_grows():
    x, one = noise(), torch.ones(3)
    assert (detail(tone.sharpen(x, -one)) < 0.6 * detail(x)).all()
    assert (detail(tone.sharpen(x, one)) > 1.4 * detail(x)).all()
    assert (detail(tone.lose_resolution(x, one)) < 0.6 * detail(x)).all()
    assert (detail(tone.local_contrast(x, one)) > 1.5 * detail(x)).all()


def test_each_image_has_its_own_amount():
    x = noise()
    found = tone.lose_resolution(x, torch.tensor([0.0, 1.0, 0.0]))
    assert torch.equal(found[0], x[0]) and torch.equal(found[2], x[2])
    assert not torch.allclose(found[1], x[1], atol=1e-2)


def test_jpeg_keeps_flat_blocks_and_drops_fine_ones():
    flat = torch.full((1, 1, 16, 16), 0.5)
    assert torch.allclose(tone.jpeg(flat, torch.ones(1)), flat, atol=0.02)
    board = 0.04 * (1 - 2 * ((torch.arange(16)[:, None] + torch.arange(16)) % 2))[None, None]
    assert tone.jpeg(board, torch.ones(1)).abs().max() < 0.02  # finer than its step


def test_jpeg_leaves_sides_that_eight_does_not_divide():
    x = noise(size=20)
    assert torch.equal(tone.jpeg(x, torch.ones(3)), x)
