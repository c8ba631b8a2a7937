"""Which model answers by default."""

import pytest

from core.cards import Card, write_card, write_json
from core.errors import CheckpointError
from core.services.defaults import choose, independent, numbers
from tests.toy import toy_registry


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def test_validation_decides_and_the_test_set_never_does(registry):
    # toy-worse has the better test figure and must lose all the same
    assert choose(registry, "chest_xray", "classifier", None).id == "chest_xray/toy-cnn"


def test_a_classifier_of_the_default_task_comes_first(registry):
    card = registry.card("chest_xray/toy-conditions")
    card.calibration["validation"]["balanced_accuracy"] = 1.0
    write_card(card, registry.folder(card.id))
    assert choose(registry, "chest_xray", "classifier", None).name == "toy-cnn"


def test_the_measured_ratio_beats_the_family(registry):
    metrics = {"fid_ratio": {"value": 0.9, "ci": [0.8, 1.0]}}
    write_json(registry.folder("chest_xray/toy-gan") / "metrics.json", metrics)
    assert choose(registry, "chest_xray", "generator", None).name == "toy-gan"


def test_unmeasured_generators_go_by_family(registry):
    for name in ("toy-gan", "toy-diffusion"):
        (registry.folder(f"chest_xray/{name}") / "metrics.json").unlink()
    assert choose(registry, "chest_xray", "generator", None).name == "toy-diffusion"


def test_a_named_model_must_fit(registry):
    assert choose(registry, "chest_xray", "classifier", "chest_xray/toy-worse").name == "toy-worse"
    with pytest.raises(CheckpointError, match="no detector"):
        choose(registry, "chest_xray", "detector", "toy-cnn")
    with pytest.raises(CheckpointError, match="belongs to the domain"):
        choose(registry, "brain_mri", "detector", "chest_xray/toy-detector")
    with pytest.raises(CheckpointError, match="train one"):
        choose(registry, "brain_mri", "detector", None)


def test_a_shared_model_serves_every_domain_it_lists(registry):
    card = registry.card("chest_xray/toy-detector")
    card.id, card.domain, card.config["domains"] = "shared/det", "shared", ["brain_mri"]
    write_card(card, registry.folder("shared/det"))
    assert choose(registry, "brain_mri", "detector", None).id == "shared/det"
    with pytest.raises(CheckpointError):
        choose(registry, "colorectal_polyps", "detector", None)


def test_numbers_are_found_at_any_depth():
    content = {
        "a": {"x_fid_ratio": 1},
        "fid_ratio": {"mean": 2.0},
        "b": [1],
        "c": {"fid_ratio": "?"},
    }
    assert list(numbers(content, "fid_ratio")) == [(".a.x_fid_ratio", 1.0), (".fid_ratio", 2.0)]


@pytest.mark.parametrize(
    ("trained_on", "expected"),
    [
        ({}, True),
        ({"real": 10, "share": 1.0}, True),
        ({"real": 10, "added": 5, "source": "duplicates"}, True),
        ({"real": 10, "added": 5, "source": "out/x", "generators": ["d/gan"]}, False),
        ({"real": 10, "added": 5, "source": "out/x", "generators": []}, False),
    ],
)
def test_a_classifier_that_learned_from_synthetic_images_is_no_judge(trained_on, expected):
    card = Card("d/m", "d", "classifier", "resnet", "M", training={"set": trained_on})
    assert independent(card) is expected
