"""Starting from a shipped checkpoint."""

import torch
from torch import nn

from core.cards import Card
from core.training.publish import publish
from core.training.run import Run
from core.training.warm_start import warm_start


class OneModel:
    """A registry of one checkpoint."""

    def __init__(self, card, module):
        self.loaded = type("Loaded", (), {"card": card, "module": module})()

    def get(self, model_id):
        assert model_id == self.loaded.card.id
        return self.loaded


def earlier(tmp_path):
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    card = Card("toy/early", "toy", "generator", "toy", "Early", training={"images_seen": 7})
    return publish(Run(tmp_path / "run", {}), card, module, tmp_path), module


def test_weights_of_the_same_name_and_shape_are_taken_and_named(tmp_path):
    card, module = earlier(tmp_path)
    new = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3))
    note = warm_start(new, {"start_from": "toy/early"}, OneModel(card, module))
    assert torch.equal(new[0].weight, module[0].weight)
    assert new[1].weight.shape == (3, 4)
    assert note["started_from"]["sha256"] == card.files["model.safetensors"]
    assert note["started_from"]["images_seen"] == 7
    assert note["started_from"]["tensors"] == "2 of 4"


def test_without_start_from_nothing_happens(tmp_path):
    card, module = earlier(tmp_path)
    new = nn.Sequential(nn.Linear(4, 4))
    before = new[0].weight.clone()
    assert warm_start(new, {}, OneModel(card, module)) == {}
    assert torch.equal(new[0].weight, before)
