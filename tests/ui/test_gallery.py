"""Images made ahead of time."""

import numpy as np
import pytest

from core import domains
from core.services.export import write_folder
from core.services.generation import generate
from core.ui import gallery, review
from tests.toy import toy_registry


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def test_the_shipped_gallery_is_read_back_whole(registry):
    images = generate(registry, "chest_xray", "toy-gan", "viral", 2, 9)
    write_folder(images, registry.root / "chest_xray" / "gallery")
    found = gallery.shipped(registry, domains.get("chest_xray"))
    assert [(i.class_id, i.seed, i.model) for i in found] == [
        ("viral", 9, "chest_xray/toy-gan"),
        ("viral", 10, "chest_xray/toy-gan"),
    ]
    np.testing.assert_array_equal(found[0].pixels, images[0].pixels)


def test_a_manifest_cannot_reach_outside_its_folder(registry):
    folder = registry.root / "chest_xray" / "gallery"
    folder.mkdir()
    (folder / "manifest.json").write_text(
        '{"domain": "chest_xray", "model": "m", "images": '
        '[{"file": "../toy-gan/card.json", "class": "normal", "seed": 1}]}'
    )
    assert gallery.shipped(registry, domains.get("chest_xray")) == ()


def test_classes_take_turns(registry):
    images = [
        *generate(registry, "chest_xray", "toy-gan", "normal", 5, 0),
        *generate(registry, "chest_xray", "toy-gan", "viral", 1, 0),
    ]
    order = [i.class_id for i in gallery.spread(tuple(images), 3)]
    assert order == ["normal", "viral", "normal"]


def test_opinions_on_generated_images(registry):
    images = generate(registry, "chest_xray", "toy-gan", "covid19", 2, 0)
    found = review.review(registry, images)
    assert [r.agrees for r in found] == [True, True]
    assert found[0].prediction.model == "chest_xray/toy-conditions"  # the only one that knows it
    assert found[0].verdict.verdict == "synthetic"


def test_a_domain_without_judges_gives_no_opinion(registry):
    images = generate(registry, "chest_xray", "toy-gan", "normal", 1, 0)
    images[0].domain = "brain_mri"
    found = review.review(registry, images)
    assert found[0].prediction is None and found[0].verdict is None
    assert review.review(registry, []) == []
