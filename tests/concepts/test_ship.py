"""From made-up data to files beside a checkpoint, for a classifier and a detector."""

import numpy as np
import pytest
import torch

from core import domains
from core.concepts import shipped
from core.concepts.class_images import class_images
from core.concepts.directions import find_generator, from_directions, spoken
from core.concepts.measure import Settings
from core.concepts.sets import from_attributes
from core.concepts.ship import measure
from core.data.dataset import DomainData
from core.errors import CheckpointError, DataError
from core.latent.directions import Direction, save_directions
from core.preprocessing import Preprocessing
from tests.toy import SIZE, real_image, toy_registry

CNN, DETECTOR, GAN = "chest_xray/toy-cnn", "chest_xray/toy-detector", "chest_xray/toy-gan"
QUICK = Settings(runs=20, size=20, dealings=200)


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def made_up(n=420, val=24):
    """Random smooth images, the later classes brighter; two images share a group."""
    domain = domains.get("chest_xray")
    classes = np.arange(n + val) % 3
    images = np.stack([real_image(i, SIZE) for i in range(n + val)]) // 2 + 40 * classes[
        :, None, None
    ].astype(np.uint8)
    return DomainData(
        domain=domain,
        preprocessing=Preprocessing(size=SIZE, channels=1),
        items=[],
        images=images[..., None],
        class_index=classes,
        split=np.array(["train"] * n + ["val"] * val),
        clean_test=np.zeros(n + val, bool),
        group=np.concatenate([[0], np.arange(n + val - 1)]),
        pixel_hashes=[],
        perceptual_hashes=np.zeros((n + val, 32), np.uint8),
        archives={"made-up.zip": "0" * 64},
    )


def test_concepts_are_training_images_of_groups_that_random_sets_do_not_share():
    data = made_up()
    material = from_attributes(data, limit=1000)
    assert len(material.images) == 419  # one of each group
    shown = np.unique(np.concatenate([c.positions for c in material.concepts]))
    assert not set(shown) & set(material.pool)
    train = {i.tobytes() for i in data.images[data.indices("train")]}
    assert all(i.tobytes() in train for i in material.images)
    names = {c.id for c in material.concepts}
    assert {"attribute-opacity-right-lower", "attribute-sharpness"} <= names
    bright = next(c for c in material.concepts if c.id == "attribute-brightness")
    counts = np.bincount(material.strata[bright.positions], minlength=3)
    assert counts.max() - counts.min() <= 2  # every class gives its own top


def test_class_images_are_of_the_validation_split(registry):
    data = made_up()
    found = class_images(registry, registry.card(CNN), data, 10, 0)
    val = {i.tobytes() for i in data.images[data.indices("val")]}
    assert list(found) == ["NORMAL", "PNEUMONIA"]
    assert [len(v) for v in found.values()] == [8, 10]
    assert all(i.tobytes() in val for v in found.values() for i in v)


def test_a_detectors_are_real_and_of_every_generator(registry):
    found = class_images(registry, registry.card(DETECTOR), made_up(), 10, 0)
    assert {k: v.shape for k, v in found.items()} == {
        "real": (10, SIZE, SIZE, 1),
        "synthetic": (10, SIZE, SIZE, 1),
    }


def test_classes_without_validation_images_are_said(registry):
    data = made_up(val=1)
    with pytest.raises(DataError, match="PNEUMONIA"):
        class_images(registry, registry.card(CNN), data, 10, 0)


@pytest.mark.parametrize("model", [CNN, DETECTOR])
def test_files_lie_beside_the_checkpoint(registry, model):
    data = made_up()
    told = []
    concepts = ([from_attributes(data)], None)
    found = measure(registry, registry.card(model), data, concepts, QUICK, told.append)
    kept = shipped.load(registry, model)
    assert kept.rows == found.rows and told[-1] == 1.0
    assert kept.settings["runs"] == 20 and kept.settings["class_split"] == "val"
    assert kept.settings["archives"] == data.archives
    assert len(kept.rows) == len(kept.concepts) * len(kept.layers) * 2


def test_few_runs_and_other_sizes_are_refused(registry):
    data = made_up()
    with pytest.raises(DataError, match="20 runs"):
        measure(registry, registry.card(CNN), data, ([], None), Settings(runs=19))
    data.preprocessing = Preprocessing(size=99)
    with pytest.raises(DataError, match="prepared"):
        measure(registry, registry.card(CNN), data, ([], None), QUICK)


def _directions(registry):
    """The toy's last coordinate of w is brightness; the others move a bump."""
    bright = torch.zeros(5)
    bright[-1] = 1.0
    found = [
        Direction("attribute-brightness", "attribute", "brightness", bright, 0.2),
        Direction("sefa-1", "sefa", "", torch.eye(5)[0]),
    ]
    save_directions(found, registry.folder(GAN))


def test_ends_of_semantic_directions_become_concepts(registry):
    assert find_generator(registry, "chest_xray") is None
    _directions(registry)
    assert find_generator(registry, "chest_xray") == GAN
    material = from_directions(registry, GAN, each=24, pool=48)
    assert [c.name for c in material.concepts] == ["more brightness"]  # SeFa's mean nothing yet
    own = material.images[material.concepts[0].positions]
    random = material.images[material.pool]
    assert own.mean() > random.mean() + 20
    assert len(own) == 24 and len(random) == 48
    assert np.bincount(material.strata[material.pool]).tolist() == [12, 12, 12, 12]


def test_a_direction_says_more_once():
    assert spoken("head area", "attribute") == "more head area"
    assert spoken("more head area", "attribute") == "more head area"
    assert spoken("towards notumor", "class") == "towards notumor"


def test_a_generator_without_directions_is_refused(registry):
    with pytest.raises(CheckpointError, match="core directions"):
        from_directions(registry, GAN, 8, 8)
