"""Augmentation: repeatable, bounded, and nothing where nothing is asked."""

import pytest
import torch

from core.training.augment import Augmentation, mixup

STILL = {"rotation": 0, "shift": 0, "shear": 0, "scale": 0, "brightness": 0, "contrast": 0}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(channels: int = 1) -> torch.Tensor:
    return torch.rand(4, channels, 16, 16, generator=seeded(1)) * 1.6 - 0.8


def test_no_change_asked_gives_no_change():
    x = batch()
    assert torch.allclose(Augmentation(**STILL)(x, seeded()), x, atol=1e-5)


def test_same_seed_same_result_and_values_stay_in_range():
    strong = Augmentation(brightness=0.9, contrast=0.9, gamma=0.5, stain=0.3, noise=0.2, erase=1.0)
    one, two = strong(batch(3), seeded()), strong(batch(3), seeded())
    assert torch.equal(one, two)
    assert one.abs().max() <= 1
    assert not torch.equal(one, strong(batch(3), seeded(5)))


def test_mirror_flips_only_where_allowed():
    x = batch()
    flipped = Augmentation(**STILL, mirror=True)(x, seeded())
    mirrored = [torch.allclose(a, b.flip(-1), atol=1e-4) for a, b in zip(flipped, x)]
    same = [torch.allclose(a, b, atol=1e-4) for a, b in zip(flipped, x)]
    assert any(mirrored) and any(same) and all(m or s for m, s in zip(mirrored, same))


def test_turns_are_exact_quarter_rotations():
    x = batch()
    turned = Augmentation(**STILL, turns=True)(x, seeded(3))
    for before, after in zip(x, turned):
        options = [torch.rot90(before, k, (1, 2)) for k in range(4)]
        assert any(torch.allclose(after, o, atol=1e-3) for o in options)


def detail(x: torch.Tensor) -> torch.Tensor:
    return (x[..., 1:] - x[..., :-1]).abs().mean(dim=(1, 2, 3))


def test_sharpness_takes_detail_away_or_adds_some():
    x = (torch.rand(32, 1, 16, 16, generator=seeded(1)) - 0.5) * 0.4
    ratio = detail(Augmentation(**STILL, sharpness=0.9)(x, seeded())) / detail(x)
    assert ratio.min() < 0.6 and ratio.max() > 1.3


def test_aspect_stretches_one_axis_only():
    ramp = torch.linspace(-0.8, 0.8, 16)
    across = ramp[None, None, None].expand(8, 1, 16, 16)
    down = across.transpose(2, 3)
    stretch = Augmentation(**STILL, aspect=0.4)
    assert torch.allclose(stretch(down, seeded()), down, atol=1e-4)
    assert not torch.allclose(stretch(across, seeded()), across, atol=1e-2)


def test_erase_blanks_a_rectangle():
    x = batch()
    blanked = Augmentation(**STILL, erase=1.0)(x, seeded())
    share = ((blanked - x).abs() > 1e-4).float().mean(dim=(1, 2, 3))
    assert (share > 0).all() and (share < 0.25).all()


@pytest.mark.parametrize("alpha", [0.0, 0.4])
def test_mixup_keeps_label_mass(alpha):
    targets = torch.eye(4)
    mixed, soft = mixup(batch(), targets, alpha, seeded())
    assert torch.allclose(soft.sum(1), torch.ones(4))
    assert torch.equal(soft, targets) == (alpha == 0)
    assert torch.equal(mixed, batch()) == (alpha == 0)
