"""Fakes, training and evaluation of a detector on made-up images."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import average_precision_score

from core.errors import DataError
from core.evaluate import detection
from core.evaluate.probe import FEATURES, file_features, file_trace_probe, trace_auc
from core.registry import Registry
from core.training import detector
from core.training.degrade import degrade_all
from core.training.fakes import CLASSIC, TEST_SEED, Fakes, generated
from core.training.run import Run
from tests.training.test_classifier import SIZE, made_up


def fakes(**more) -> Fakes:
    data = made_up()
    return Fakes(data.images, data.class_index, **more)


@pytest.mark.parametrize("family", CLASSIC)
def test_classic_fakes_are_new_images_of_the_same_kind(family):
    source = fakes()
    image, name = source.draw(np.random.default_rng(0), family)
    again, _ = source.draw(np.random.default_rng(0), family)
    assert name == family and np.array_equal(image, again)
    assert image.shape == source.images.shape[1:] and image.dtype == np.uint8
    assert not any(np.array_equal(image, real) for real in source.images)


def test_families_come_in_turn_and_left_out_ones_never():
    made = {"chest_xray/gan": np.full((2, SIZE, SIZE, 1), 9, np.uint8)}
    images, names = fakes(made=made, leave_out=("blend",)).many(8, seed=0)
    assert sorted(set(names)) == ["chest_xray/gan", "patch", "smote", "upscaled"]
    assert (images[names.index("chest_xray/gan")] == 9).all()
    assert "blend" not in fakes(leave_out=("blend",)).families


def write_generated(folder, seeds):
    folder.mkdir()
    entries = []
    for seed in seeds:
        Image.fromarray(np.full((SIZE, SIZE), 5, np.uint8)).save(folder / f"{seed}.png")
        entries.append({"file": f"{seed}.png", "class": "normal", "seed": seed})
    content = {"model": "chest_xray/gan", "images": entries}
    (folder / "manifest.json").write_text(json.dumps(content))


def test_generated_folders_are_parted_and_test_seeds_left_alone(tmp_path):
    write_generated(tmp_path / "fake", [*range(60), TEST_SEED])
    recipe = made_up().preprocessing
    parts = {p: generated([str(tmp_path)], recipe, p)["chest_xray/gan"] for p in ("train", "val")}
    assert len(parts["train"]) + len(parts["val"]) == 60
    assert 1 <= len(parts["val"]) < 20
    with pytest.raises(DataError, match="generate"):
        generated([str(tmp_path / "nothing")], recipe, "train")


def config(**more):
    return {
        "id": "chest_xray/tiny-detector", "title": "Tiny", "seed": 0,
        "model": {"family": "detector", "width": 4},
        "train": {"epochs": 2, "batch": 8, "lr": 0.01, "ema": 0.0},
        "fakes": {"autoencoder": "shared/none", **more},
    }  # fmt: skip


def test_training_publishes_a_calibrated_detector_and_evaluation_measures_it(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    monkeypatch.setattr("core.training.publish.ROOT", root)
    settings, data = config(leave_out="patch"), made_up()
    card = detector.train(settings, [data], Run(tmp_path / "run", settings))
    fitted = card.calibration
    assert card.task == "detector" and card.classes == ["real", "synthetic"]
    assert 0 <= fitted["lower"] <= fitted["upper"] <= 1
    assert fitted["conformal"]["synthetic"] == fitted["lower"]
    assert "patch" not in card.training["families"] and card.training["left_out"] == ["patch"]

    registry = Registry(root, torch.device("cpu"))
    monkeypatch.setattr(detection, "file_trace_probe", lambda *_: {})
    monkeypatch.setattr(detection, "CURVES", {"jpeg": (75,)})
    found = detection.evaluate(registry, card.id, data, n=12, draws=20)
    assert json.loads((root / card.id / "metrics.json").read_text()) == found
    assert set(found["families"]) == set(CLASSIC)
    assert not found["families"]["patch"]["seen"] and found["families"]["blend"]["seen"]
    assert 0 <= found["test"]["re_encoded"]["auc"]["value"] <= 1
    assert found["curves"]["jpeg"][0]["amount"] == 75
    assert found["other_sources"]["kermany"]["n"] == 32


def test_every_image_of_a_batch_is_degraded_and_epochs_bring_new_fakes(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(detector, "degrade", lambda x, rng, unseen: seen.append(x) or x)
    data, settings = made_up(), config()
    part = detector.make_fakes(data, settings["fakes"], "train")
    module = detector.build("detector", {"channels": 1, "size": SIZE, "width": 4}, None)
    images, labels = detector.held_out(data, part, 0)
    trainer = detector.DetectorTrainer(
        module, data, part, images, labels, settings, Run(tmp_path, settings)
    )
    n = len(part.images)
    x, truth = trainer._batch(np.array([0, n, n + 1]))
    assert truth.tolist() == [0, 1, 1] and len(seen) == 3
    trainer.epoch = 1
    y, _ = trainer._batch(np.array([0, n, n + 1]))
    assert not torch.equal(x[0], y[0]) and not torch.equal(x[1:], y[1:])
    again, _ = trainer._batch(np.array([0, n, n + 1]))
    assert torch.equal(y, again)


def test_a_rare_class_is_picked_as_often_as_a_common_one():
    images = np.zeros((100, 8, 8, 1), np.uint8)
    fakes = Fakes(images, np.repeat([0, 1], [95, 5]))
    rng = np.random.default_rng(0)
    rare = sum(fakes.pick(rng) >= 95 for _ in range(400))
    assert 160 < rare < 240


def test_verdict_follows_the_bounds():
    fitted = {"lower": 0.3, "upper": 0.8, "threshold": 0.5}
    assert [detection.decide(p, fitted) for p in (0.1, 0.3, 0.79, 0.8)] == [
        "real", "unsure", "unsure", "synthetic",
    ]  # fmt: skip
    assert detection.decide(0.6, {"threshold": 0.5}) == "synthetic"


def test_figures_of_a_perfect_and_of_a_blind_detector():
    labels, fitted = np.repeat([0, 1], 20), {"threshold": 0.5}
    perfect = detection.measure(labels * 0.98 + 0.01, labels, fitted, draws=20)
    for name in ("balanced_accuracy", "auc", "average_precision", "tpr_at_5_fpr"):
        assert perfect[name]["value"] == 1
    blind = detection.measure(np.full(40, 0.6), labels, fitted, draws=20)
    assert blind["auc"]["value"] == 0.5 and blind["balanced_accuracy"]["value"] == 0.5
    assert blind["tpr_at_5_fpr"]["value"] == 0


def test_average_precision_is_scikit_learns(rng):
    labels, p = rng.integers(0, 2, 60), rng.random(60).round(1)  # rounded: with ties
    expected = average_precision_score(labels, p)
    assert detection.average_precision(p, labels) == pytest.approx(expected)


def test_file_traces_are_found_before_the_chain_and_gone_after_it():
    rng = np.random.default_rng(0)
    images = rng.integers(60, 190, (120, 16, 16, 1)).astype(np.uint8)
    labels = np.repeat([0, 1], 60)
    fair = file_trace_probe(degrade_all(images, seed=0), labels)
    for name in ("constant", "file", "traces"):  # nothing tells them apart: chance
        assert fair[name]["ci"][0] - 0.05 < 0.5 < fair[name]["ci"][1] + 0.05, name
    assert fair["alone"]["height"] == 0.5 and set(fair["alone"]) == set(FEATURES)
    images[labels == 1] &= 0xFE  # a trace: synthetic images hold even grey levels alone
    features = np.stack([file_features(x) for x in images])
    assert trace_auc(features, labels, draws=10)["value"] > 0.95
