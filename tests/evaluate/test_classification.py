"""Evaluation of classifiers: figures, files, and comparison of two models on the same images."""

import json

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from core.errors import DataError
from core.evaluate import classification as c
from core.registry import Registry
from core.training import classifier
from core.training.run import Run
from tests.training.test_classifier import config, made_up


@pytest.fixture
def models(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    monkeypatch.setattr("core.training.publish.ROOT", root)
    for name, epochs in (("good", 8), ("poor", 1)):
        settings = {**config(epochs=epochs), "id": f"chest_xray/{name}"}
        classifier.train(settings, [made_up()], Run(tmp_path / name, settings))
    return Registry(root, torch.device("cpu"))


def test_evaluate_writes_figures_with_intervals_and_predictions(models):
    data, card = made_up(), models.card("chest_xray/good")
    data.clean_test[data.indices("test")[:2]] = False
    found = c.evaluate(models, card.id, data, draws=50)
    folder = models.folder(card.id)
    assert json.loads((folder / "metrics.json").read_text()) == found
    official, clean = found["test"]["official"], found["test"]["clean"]
    assert official["n"] == 12 and clean["n"] == 10
    low, high = official["balanced_accuracy"]["ci"]
    assert low <= official["balanced_accuracy"]["value"] <= high
    assert np.sum(official["confusion"]) == 12
    kept = c.read_predictions(folder)
    assert kept["probabilities"].shape == (12, 2) and kept["clean"].sum() == 10
    predicted = kept["probabilities"][:, 1] >= card.calibration["threshold"]
    accuracy = (predicted == kept["label"]).mean()
    assert official["accuracy"]["value"] == pytest.approx(accuracy)


def test_evaluate_refuses_data_of_another_size(models):
    data = made_up()
    data.preprocessing = type(data.preprocessing)(size=99)
    with pytest.raises(DataError, match="prepared"):
        c.evaluate(models, "chest_xray/good", data)


def test_compare_needs_predictions_of_both_and_names_disagreements(models):
    good, poor = "chest_xray/good", "chest_xray/poor"
    with pytest.raises(DataError, match="evaluate classifier"):
        c.compare(models, poor, good)
    data = made_up()
    first, second = (c.evaluate(models, name, data, draws=20) for name in (poor, good))
    found = c.compare(models, poor, good, draws=50)
    gap = (
        second["test"]["official"]["accuracy"]["value"]
        - first["test"]["official"]["accuracy"]["value"]
    )
    assert found["accuracy"]["value"] == pytest.approx(gap) and found["n"] == 12
    apart = found["mcnemar"]["only_one_right"] + found["mcnemar"]["only_other_right"]
    assert len(found["disagree"]) == apart
    assert set(found["disagree"]) <= set(data.indices("test").tolist())
    assert 0 <= found["delong"]["p"] <= 1


def test_figures_agree_with_scikit_learn(rng):
    logits, labels = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    found = c.measure(logits, labels, {"temperature": 1.0}, draws=20)
    predicted = logits.argmax(1)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = {
        "accuracy": reference.accuracy_score(labels, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(labels, predicted),
        "auc": reference.roc_auc_score(labels, p, multi_class="ovr"),
    }
    for name, value in expected.items():
        assert found[name]["value"] == pytest.approx(value)
    f1 = reference.f1_score(labels, predicted, average=None)
    assert [row["f1"]["value"] for row in found["per_class"]] == pytest.approx(f1.tolist())
    assert found["confusion"] == reference.confusion_matrix(labels, predicted).tolist()
    assert set(found["roc"]) == {"0", "1", "2"}


def test_task_is_found_by_classes_where_the_card_names_none(models):
    card = models.card("chest_xray/good")
    card.training.pop("task")
    assert c.task_of(card, made_up()) == "pneumonia"
    card.classes = ["x"]
    with pytest.raises(DataError):
        c.task_of(card, made_up())
