import numpy as np
import pytest
import torch

from core.errors import CheckpointError
from core.latent.directions import (
    Direction,
    apply,
    attribute_direction,
    class_direction,
    load_directions,
    save_directions,
    scaled,
    within_classes,
)

AXIS = torch.tensor([0.0, 1.0, 0.0])


def codes(n=400):
    torch.manual_seed(0)
    return torch.randn(n, 3) * torch.tensor([3.0, 1.0, 0.5])


def test_class_boundary_points_to_the_positive_side():
    w = codes()
    positive = (w[:, 1] > 0).numpy()
    vector = class_direction(w, positive, strength=10.0)
    assert vector.norm() == pytest.approx(1.0, abs=1e-5)
    assert float(vector @ AXIS) > 0.95
    with pytest.raises(ValueError, match="both sides"):
        class_direction(w, np.ones(400, bool))


def test_regression_finds_the_axis_of_an_attribute():
    w = codes()
    values = (2 * w[:, 1] + 0.1 * torch.randn(400)).numpy()
    assert float(attribute_direction(w, values, penalty=0.01) @ AXIS) > 0.99


def test_amounts_are_deviations_within_classes():
    w = codes()
    labels = torch.arange(400) % 2
    w[labels == 1, 1] += 50
    direction = scaled(Direction("d", "pca", "", AXIS), w, labels)
    assert direction.deviation == pytest.approx(1.0, rel=0.1)
    assert within_classes(w, labels)[labels == 1].mean(0).abs().max() < 1e-4


def test_moves_act_on_their_layers_and_leave_the_start_alone():
    w = torch.zeros(2, 3, 3)
    every = Direction("a", "sefa", "", AXIS, deviation=2.0)
    one = Direction("b", "sefa", "", torch.tensor([1.0, 0.0, 0.0]), layers=(1,))
    moved = apply(w, [(every, 1.5), (one, -1.0)])
    assert torch.equal(moved[:, :, 1], torch.full((2, 3), 3.0))
    assert moved[0, :, 0].tolist() == [0.0, -1.0, 0.0]
    assert w.abs().sum() == 0
    assert torch.equal(apply(w, [(one, -1.0), (every, 1.5)]), moved)


def test_saved_directions_come_back(tmp_path):
    assert load_directions(tmp_path) == []
    made = [
        Direction("sefa-1", "sefa", "more brightness", AXIS, 0.5, (0, 1)),
        Direction("class-a", "class", "towards a", torch.randn(3)),
    ]
    save_directions(made, tmp_path)
    back = load_directions(tmp_path)
    assert [(d.id, d.name, d.deviation, d.layers) for d in back] == [
        (d.id, d.name, d.deviation, d.layers) for d in made
    ]
    assert torch.equal(back[1].vector, made[1].vector)
    (tmp_path / "directions.safetensors").write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="damaged"):
        load_directions(tmp_path)
