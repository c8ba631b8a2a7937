"""One image's pushes and a user's own concept."""

import json

import numpy as np
import pytest

from core.errors import CancelledError, SynthLensError
from core.services.concepts import (
    as_json,
    labels,
    layers,
    own_concept,
    pushes,
    shipped_concepts,
    testable_models,
)
from tests.concepts import toy_concepts
from tests.toy import toy_registry

testable_models.__test__ = False
CNN, DETECTOR = "chest_xray/toy-cnn", "chest_xray/toy-detector"


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def sides(n=20):
    images = toy_concepts.stack()
    return list(images[:n]), list(images[-n:])


def test_classifiers_and_the_detector_can_be_tested(registry):
    found = {card.id for card in testable_models(registry, "chest_xray")}
    assert {CNN, DETECTOR} <= found and "chest_xray/toy-gan" not in found
    assert layers(registry, DETECTOR) == ["last maps"]
    assert labels(registry, DETECTOR) == ["real", "synthetic"]


def test_a_push_has_the_sign_of_what_moving_does(registry):
    toy_concepts.ship(registry)
    found = shipped_concepts(registry, CNN)
    image = toy_concepts.stack()[0]
    for label, word in (("PNEUMONIA", "towards"), ("NORMAL", "away from")):
        first, second = pushes(registry, [found], image, label, "last maps")
        assert first.concept == "bright image" and first.row.evidence
        assert (first.change > 0) == (label == "PNEUMONIA")
        assert first.sentence(label) == f"bright image: pushes {word} {label}"
        assert second.sentence(label) == "odd number: no evidence"


def test_pushes_are_antisymmetric_for_two_classes(registry):
    found = toy_concepts.ship(registry)
    image = toy_concepts.stack()[3]
    one, other = (pushes(registry, [found], image, v, "last maps") for v in found.labels)
    assert one[0].change == pytest.approx(-other[0].change, rel=1e-4)


@pytest.mark.parametrize(
    ("label", "layer", "message"),
    [("FLU", "last maps", "no output 'FLU'"), ("NORMAL", "attic", "no layer 'attic'")],
)
def test_unknown_labels_and_layers_are_said(registry, label, layer, message):
    found = toy_concepts.ship(registry)
    with pytest.raises(SynthLensError, match=message):
        pushes(registry, [found], toy_concepts.stack()[0], label, layer)


def test_an_own_concept_that_matters_is_found(registry):
    found = own_concept(registry, CNN, " bright ", *sides(), "last maps")
    assert [r.label for r in found.rows] == ["NORMAL", "PNEUMONIA"]
    assert all(r.evidence for r in found.rows) and found.concepts[0].name == "bright"
    assert found.concepts[0].source == "own"
    content = json.loads(as_json(found))
    assert len(content["vectors"]["own|last maps"]) == len(found.vectors["own", "last maps"])


def test_an_own_concept_of_nothing_is_not(registry):
    images = toy_concepts.stack()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(images))
    mixed = [list(images[order[:30]]), list(images[order[30:]])]
    found = own_concept(registry, CNN, "nothing", *mixed, "last maps")
    assert not any(r.evidence for r in found.rows)


@pytest.mark.parametrize(
    ("name", "n", "message"), [("", 20, "name"), ("x", 7, "at least 8 images"), ("x", 0, "0 and 0")]
)
def test_what_is_missing_is_said(registry, name, n, message):
    first, second = sides()
    with pytest.raises(SynthLensError, match=message):
        own_concept(registry, CNN, name, first[:n], second[:n], "last maps")


def test_it_can_be_cancelled(registry):
    def stop(share):
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        own_concept(registry, CNN, "bright", *sides(), "last maps", progress=stop)


def test_the_shared_model_keeps_no_hook(registry):
    own_concept(registry, CNN, "bright", *sides(10), "last maps")
    assert not any(m._forward_hooks for m in registry.get(CNN).module.modules())
