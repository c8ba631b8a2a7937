"""Training a classifier on a dozen made-up images: learns, resumes, calibrates, publishes."""

import json

import numpy as np
import pytest
import torch

from core import domains
from core.data.dataset import DomainData
from core.data.items import Item
from core.preprocessing import Preprocessing
from core.registry import Registry
from core.training import classifier
from core.training.ema import Ema
from core.training.run import Run
from core.training.trainset import TrainSet

SIZE = 16


def made_up(per_class: int = 12) -> DomainData:
    """Bright pneumonia, dark normal; the first third of each class trains, and so on."""
    domain, rng = domains.get("chest_xray"), np.random.default_rng(0)
    classes = np.repeat(np.arange(4), per_class)
    level = np.array([60, 150, 170, 190])[classes][:, None, None, None]
    noise = rng.integers(0, 50, (len(classes), SIZE, SIZE, 1))
    split = np.tile(np.repeat(["train", "val", "test"], per_class // 3), 4)
    items = [
        Item("a.zip", f"{i}.png", "kermany", domain.class_ids[c], s, None)
        for i, (c, s) in enumerate(zip(classes, split))
    ]
    n = len(items)
    return DomainData(
        domain, Preprocessing(size=SIZE, channels=1), items, (level + noise).astype(np.uint8),
        classes.astype(np.int64), split, split == "test", np.arange(n),
        [str(i) for i in range(n)], np.zeros((n, 32), np.uint8), {"a.zip": "0" * 64},
    )  # fmt: skip


def config(**train) -> dict:
    return {
        "id": "chest_xray/tiny", "title": "Tiny", "task": "pneumonia", "seed": 0,
        "model": {"family": "cnn", "size": SIZE, "widths": [4, 4, 4], "dense": 8, "dropout": 0.0},
        "train": {"epochs": 12, "batch": 4, "lr": 0.02, "ema": 0.0, "warmup": 0.0, **train},
        "augment": {"rotation": 2, "brightness": 0.05, "contrast": 0.05},
    }  # fmt: skip


@pytest.fixture
def publish_here(tmp_path, monkeypatch):
    monkeypatch.setattr("core.training.publish.ROOT", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def test_training_learns_calibrates_and_publishes(tmp_path, publish_here):
    settings = config()
    run = Run(tmp_path / "run", settings)
    card = classifier.train(settings, [made_up()], run)
    assert card.task == "classifier" and card.classes == ["NORMAL", "PNEUMONIA"]
    assert card.training["task"] == "pneumonia" and card.training["set"]["real"] == 12
    assert card.calibration["validation"]["balanced_accuracy"] >= 0.9
    assert 0 < card.calibration["threshold"] < 1 and card.calibration["temperature"] > 0
    loaded = Registry(publish_here, torch.device("cpu")).get("chest_xray/tiny")
    assert loaded.module(torch.zeros(1, 1, SIZE, SIZE)).shape == (1, 2)
    lines = [json.loads(x) for x in (publish_here / card.id / "history.jsonl").open()]
    assert {"loss", "val_loss", "val_auc", "epoch"} <= set(lines[0])


def test_four_conditions_have_no_threshold(tmp_path, publish_here):
    settings = {**config(epochs=1), "task": "conditions"}
    card = classifier.train(settings, [made_up()], Run(tmp_path / "run", settings))
    assert len(card.classes) == 4 and "threshold" not in card.calibration


class Interrupted(Run):
    """A run that is killed after a number of batches."""

    def __init__(self, *args, stop: int, **more):
        super().__init__(*args, **more)
        self.left = stop

    def every(self, seconds, key):
        self.left -= 1
        if self.left == 0:
            return True
        if self.left < 0:
            raise KeyboardInterrupt
        return False


def fitted(run: Run, settings: dict) -> dict[str, torch.Tensor]:
    data, rng = made_up(), np.random.default_rng(0)
    keep = data.indices("train", "pneumonia")
    trainset = TrainSet(data.images[keep], data.labels("pneumonia")[keep], {})
    held = rng.permutation(data.indices("val", "pneumonia"))
    torch.manual_seed(1)
    module = classifier.build("cnn", {"channels": 1, "classes": 2, **{
        k: v for k, v in settings["model"].items() if k != "family"}}, None)  # fmt: skip
    trainer = classifier.ClassifierTrainer(
        module, trainset, data.images[held], data.labels("pneumonia")[held],
        data.preprocessing, settings, run,
    )  # fmt: skip
    return trainer.fit().state_dict()


def test_a_killed_run_resumes_to_the_same_weights(tmp_path):
    settings = config(epochs=3, ema=0.5)
    whole = fitted(Run(tmp_path / "whole", settings), settings)
    with pytest.raises(KeyboardInterrupt):
        fitted(Interrupted(tmp_path / "cut", settings, stop=5), settings)
    again = fitted(Run(tmp_path / "cut", settings, resume=True), settings)
    for name, weight in whole.items():
        assert torch.allclose(weight, again[name], atol=1e-6), name


def test_a_spent_time_budget_still_gives_a_model(tmp_path):
    run = Run(tmp_path / "run", config(), time_budget=1e-9)
    assert fitted(run, config()) and run.step == 0


def test_patience_stops_early(tmp_path):
    settings = config(epochs=50, lr=0.0, patience=2)
    run = Run(tmp_path / "run", settings)
    fitted(run, settings)
    assert len(run.history.read_text().splitlines()) == 3


def test_plateau_lowers_the_rate(tmp_path):
    settings = config(epochs=8, lr=1e-9, schedule="plateau")
    run = Run(tmp_path / "run", settings)
    fitted(run, settings)
    rates = [json.loads(line)["lr"] for line in run.history.open()]
    assert rates[0] >= rates[-1]


def test_several_seeds_ship_the_best_on_held_out_images(tmp_path, publish_here):
    settings = config(epochs=3) | {
        "seeds": [0, 1],
        "held_out": {"shift": {"rotation": 1, "brightness": 0.02}},
    }
    card = classifier.train(settings, [made_up()], Run(tmp_path / "run", settings))
    kept = json.loads((publish_here / card.id / "seeds.json").read_text())
    losses = {r["seed"]: r["log_loss"] for r in kept["runs"]}
    assert set(losses) == {0, 1} and losses[kept["chosen"]] == min(losses.values())
    assert card.training["seed"] == kept["chosen"] and card.training["seeds"] == [0, 1]
    assert 0 <= kept["test"]["official"]["auc"]["mean"] <= 1
    parts = card.calibration["held_out"]["by_part"]
    assert set(parts) == {"val", "shift"} and parts["val"]["n"] == parts["shift"]["n"] == 12
    assert (tmp_path / "run" / "seed-1" / "history.jsonl").exists()


def test_the_average_follows_the_module(tmp_path):
    source = torch.nn.Linear(2, 2)
    average = Ema(source, 0.5)
    before = average.module.weight.clone()
    with torch.no_grad():
        source.weight += 1
    average.update(source, 1000)
    assert torch.allclose(average.module.weight, before + 0.5)
