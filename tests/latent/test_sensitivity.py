import pytest
import torch

from core.latent.directions import Direction
from core.latent.sensitivity import by_layer, ranking, sensitivity, total_map

from .linear import LinearStyle

FIRST = Direction("first", "sefa", "", torch.tensor([1.0, 0.0, 0.0, 0.0]), deviation=2.0)
IDLE = Direction("idle", "sefa", "", torch.tensor([0.0, 0.0, 1.0, 0.0]))


def test_the_map_is_the_derivative_of_a_linear_generator():
    model, w = LinearStyle(), torch.randn(1, 2, 4)
    assert torch.allclose(sensitivity(model, w, FIRST), torch.full((8, 8), 0.25), atol=1e-5)
    assert sensitivity(model, w, IDLE).abs().max() < 1e-6


def test_each_layer_changes_its_own_part():
    maps = by_layer(LinearStyle(), torch.randn(1, 2, 4), FIRST)
    assert maps.shape == (2, 8, 8)
    assert maps[0, :, :4].min() > 0.2 and maps[0, :, 4:].abs().max() < 1e-6
    assert maps[1, :, 4:].min() > 0.2 and maps[1, :, :4].abs().max() < 1e-6


def test_directions_are_ranked_by_their_effect():
    model, w = LinearStyle(), torch.randn(1, 2, 4)
    found = ranking(model, w, [IDLE, FIRST])
    assert [d.id for d, _ in found] == ["first", "idle"]
    assert found[0][1] == pytest.approx(0.25, abs=1e-5)
    assert torch.allclose(total_map(model, w, [IDLE, FIRST]), sensitivity(model, w, FIRST))
