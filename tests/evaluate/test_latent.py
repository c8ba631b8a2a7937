import json

import pytest
import torch
from safetensors.torch import save_file

from core.cards import Card, sha256, write_card
from core.errors import CheckpointError
from core.evaluate.latent import judges_of, measure_directions
from core.latent.directions import load_directions
from core.models.base import build
from core.preprocessing import Preprocessing
from core.registry import Registry

CONFIG = {
    "family": "stylegan2",
    "space": "pixel",
    "channels": 1,
    "classes": 2,
    "size": 16,
    "z_dim": 8,
    "w_dim": 8,
    "widths": [8, 8, 8],
    "encoder_widths": [8, 8, 8],
    "mapping": 2,
}


def add(root, family, config, task, classes, side=16):
    torch.manual_seed(0)
    folder = root / "chest_xray" / family
    module = build(family, config, lambda _: None)
    folder.mkdir(parents=True)
    save_file(
        {k: v.contiguous() for k, v in module.state_dict().items()}, folder / "model.safetensors"
    )
    files = {"model.safetensors": sha256(folder / "model.safetensors")}
    recipe = Preprocessing(size=side).to_dict()
    card = Card(f"chest_xray/{family}", "chest_xray", task, family, family, config, classes, recipe)
    card.files = files
    write_card(card, folder)


@pytest.fixture
def registry(tmp_path):
    add(tmp_path, "stylegan2", CONFIG, "generator", ["normal", "viral"])
    cnn = {"size": 16, "channels": 1, "classes": 2, "widths": [4, 4, 4], "dense": 8, "dropout": 0.0}
    add(tmp_path, "cnn", cnn, "classifier", ["NORMAL", "PNEUMONIA"])
    return Registry(tmp_path, torch.device("cpu"))


def test_directions_are_shipped_with_effects_on_attributes_and_classifiers(registry, tmp_path):
    shares = []
    table = measure_directions(
        registry, "chest_xray/stylegan2", 8, 8, lambda s: shares.append(s) or True
    )
    folder = tmp_path / "chest_xray" / "stylegan2"
    assert {d.id for d in load_directions(folder)} == set(table)
    shipped = json.loads((folder / "effects.json").read_text())
    assert shipped == json.loads(json.dumps(table))
    quantities = [e["quantity"] for e in next(iter(table.values()))["effects"]]
    assert "brightness" in quantities and "cnn: logit PNEUMONIA" in quantities
    assert shares == sorted(shares) and len(shares) == len(table)


def test_a_model_without_a_latent_space_is_refused_by_name(registry):
    with pytest.raises(CheckpointError, match="chest_xray/cnn has no W space"):
        measure_directions(registry, "chest_xray/cnn")


def test_every_judge_is_asked_at_its_own_side(registry, tmp_path):
    vit = {"size": 8, "patch": 4, "dim": 8, "depth": 1, "heads": 2, "channels": 1, "classes": 2}
    add(tmp_path, "vit", vit, "classifier", ["NORMAL", "PNEUMONIA"], side=8)
    judges, names = judges_of(Registry(tmp_path, torch.device("cpu")), "chest_xray")
    assert set(judges) == {"chest_xray/cnn", "chest_xray/vit"} and len(names) == 4
    images = torch.rand(3, 1, 16, 16)
    assert all(judge(images).shape == (3, 2) for judge in judges.values())
