"""Classification: calibration, threshold, batches."""

import numpy as np
import pytest

from core.cards import write_card
from core.errors import CheckpointError
from core.registry import Registry
from core.services import classification
from core.services.classification import classify
from tests.toy import real_image, toy_registry

DARK, BRIGHT = np.full((20, 30), 0.15, np.float32), np.full((20, 30), 0.85, np.float32)


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def test_labels_and_probabilities(registry):
    found = classify(registry, [DARK, BRIGHT], "chest_xray")
    assert [p.label for p in found] == ["NORMAL", "PNEUMONIA"]
    assert found[0].model == "chest_xray/toy-cnn" and found[0].domain == "chest_xray"
    for p in found:
        assert list(p.probabilities) == ["NORMAL", "PNEUMONIA"]
        assert sum(p.probabilities.values()) == pytest.approx(1.0)


def test_temperature_softens_the_logits_it_was_fitted_on(registry):
    soft = classify(registry, [BRIGHT], "chest_xray", "toy-cnn")[0].probabilities["PNEUMONIA"]
    raw = classify(registry, [BRIGHT], "chest_xray", "toy-worse")[0].probabilities["PNEUMONIA"]

    def logit(p):
        return np.log(p / (1 - p))

    assert logit(raw) == pytest.approx(2 * logit(soft), rel=1e-3)  # toy-cnn has temperature 2


def test_two_classes_go_by_the_threshold_of_validation(registry):
    p = classify(registry, [BRIGHT], "chest_xray", "toy-cnn")[0].probabilities["PNEUMONIA"]
    for threshold, label in ((p + 0.001, "NORMAL"), (p - 0.001, "PNEUMONIA")):
        card = registry.card("chest_xray/toy-cnn")
        card.calibration["threshold"] = threshold
        write_card(card, registry.folder(card.id))
        fresh = Registry(registry.root, registry.device)
        assert classify(fresh, [BRIGHT], "chest_xray", "toy-cnn")[0].label == label


def test_batches_change_nothing(registry, monkeypatch):
    images = [real_image(i) for i in range(5)]
    whole = classify(registry, images, "chest_xray", "toy-conditions")
    monkeypatch.setattr(classification, "BATCH", 2)
    pieces = classify(registry, images, "chest_xray", "toy-conditions")
    for a, b in zip(whole, pieces):
        assert a.label == b.label
        assert list(a.probabilities.values()) == pytest.approx(list(b.probabilities.values()))


def test_no_images_and_wrong_names(registry):
    assert classify(registry, [], "chest_xray") == []
    with pytest.raises(KeyError, match="Unknown domain"):
        classify(registry, [DARK], "knee")
    with pytest.raises(CheckpointError, match="no model"):
        classify(registry, [DARK], "chest_xray", "absent")
