import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.errors import CancelledError, CheckpointError
from core.evaluate.copy_audit import unit
from core.evaluate.features import encoded, find_encoder
from core.evaluate.map import map_images
from core.evaluate.reference import file_name
from core.services.generation import generate
from tests.toy import toy_registry

MODEL = "chest_xray/toy-gan"


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def add_reference(registry, seeds=range(1000, 1080)):
    """Real images that look like generated ones of two classes, and some far from all."""
    encoder = find_encoder(registry, "chest_xray")
    pixels = [
        generate(registry, "chest_xray", "toy-gan", label, 1, seed)[0].pixels
        for label in ("normal", "viral")
        for seed in seeds
    ]
    far = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 1)).astype(np.uint8)
    far[:, :16] = 255
    features = encoded(encoder, np.concatenate([np.stack(pixels), far]))
    centre = features.mean(0)
    flat = np.linspace(0, 1, 201).astype(np.float32)
    tensors = {
        "features": unit(features, centre).astype(np.float16),
        "centre": centre,
        "radii": np.ones(len(features), np.float32),
        "copy_distances": flat,
        "copy_limit": np.zeros(1, np.float32),
        "sharpness": flat,
        "contrast": flat,
    }
    save_file(tensors, registry.folder(encoder.card.id) / file_name("chest_xray"))


def test_the_map_without_real_images_places_every_class(registry):
    shares = []
    found = map_images(registry, MODEL, 8, lambda s: shares.append(s) or True)
    assert {k: len(v) for k, v in found["points"].items()} == dict.fromkeys(
        registry.card(MODEL).classes, 8
    )
    assert "coverage" not in found
    assert shares[0] == 0 and shares == sorted(shares)
    stored = json.loads((registry.folder(MODEL) / "map.json").read_text())
    assert stored["points"].keys() == found["points"].keys()


def test_coverage_is_counted_beside_that_of_real_images(registry):
    add_reference(registry)
    found = map_images(registry, MODEL, 32)
    made, real = found["coverage"]["generated"], found["coverage"]["real"]
    assert made["n"] == real["n"] == 110
    assert 0.2 < made["rate"] < 0.95  # the far images are missed
    assert real["rate"] > made["rate"]
    gaps = [v for row in found["real"]["uncovered"] for v in row if v is not None]
    assert max(gaps) == 1.0


def test_cancelling_and_wrong_models(registry):
    with pytest.raises(CancelledError):
        map_images(registry, MODEL, 4, lambda share: share < 0.3)
    assert not (registry.folder(MODEL) / "map.json").exists()
    with pytest.raises(CheckpointError, match="no generator"):
        map_images(registry, "chest_xray/toy-cnn", 4)
