import numpy as np
import pytest
import torch

from core.errors import CancelledError
from core.latent.directions import Direction
from core.latent.effects import AMOUNTS, curves, effects, entanglement, identity, name_by_effect

from .linear import LinearStyle

FIRST = Direction("d", "sefa", "", torch.tensor([1.0, 0.0, 0.0, 0.0]), deviation=2.0)
IDLE = Direction("i", "sefa", "", torch.tensor([0.0, 0.0, 1.0, 0.0]))
QUANTITIES = ["left", "right", "noise"]


def measure(images):
    draw = np.random.default_rng(0)
    left, right = images[..., :4].mean((1, 2, 3)), images[..., 4:].mean((1, 2, 3))
    return np.stack([left.numpy(), -right.numpy(), draw.normal(size=len(images))], 1)


def latents(n=20):
    torch.manual_seed(0)
    return LinearStyle().map(torch.randn(n, 4), torch.zeros(n, dtype=torch.long)).detach()


def test_a_linear_effect_is_measured_exactly():
    table = curves(LinearStyle(), FIRST, latents(), measure)
    assert table.shape == (len(AMOUNTS), 20, 3)
    left, right, noise = effects(table, QUANTITIES)
    assert left.slope == pytest.approx(0.25, abs=1e-5)  # deviation 2, image w / 8
    assert right.slope == pytest.approx(-0.25, abs=1e-5)
    assert left.significant and left.monotone
    assert left.curve == pytest.approx([a / 4 for a in AMOUNTS], abs=1e-5)
    assert left.standardised == pytest.approx(0.25 / table[2, :, 0].std(), rel=1e-4)
    assert not noise.monotone
    assert left.to_dict()["significant"] is True


def test_a_direction_that_feeds_nothing_has_no_effect():
    found = effects(curves(LinearStyle(), IDLE, latents(), measure), QUANTITIES)
    assert not any(e.significant for e in found)
    assert name_by_effect(found) == "no clear effect"
    assert entanglement(found) == 0


def test_a_direction_is_named_by_its_strongest_effect():
    found = effects(curves(LinearStyle(), FIRST, latents(), measure), QUANTITIES)
    assert name_by_effect(found[:1]) == "more left"
    assert name_by_effect(found[1:]) == "less right"
    assert entanglement(found) == 2


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        slopes = draw.normal(0.3, 1.0, 12)
        table = np.asarray(AMOUNTS)[:, None, None] * slopes[None, :, None]
        (found,) = effects(table, ["q"])
        covered += found.low <= 0.3 <= found.high
    assert 180 <= covered <= 198


def test_measuring_can_be_cancelled():
    with pytest.raises(CancelledError):
        curves(LinearStyle(), FIRST, latents(2), measure, progress=lambda share: share < 0.5)


def test_identity_is_a_share_of_the_distance_to_another_image():
    start = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]])
    features = np.stack([start + np.array([a, 0.0]) for a in AMOUNTS])
    found = identity(features)
    assert found["curve"] == pytest.approx([abs(a) for a in AMOUNTS])
    assert found["share"] == pytest.approx(3.0 / 4.0)  # three to move, four between images
    assert found["low"] <= found["share"] <= found["high"]
    apart = identity(features, classes=np.array([0, 0, 1]))
    assert apart["share"] == pytest.approx(3.0 / 4.0)
    assert identity(np.stack([start] * len(AMOUNTS)))["share"] == 0
