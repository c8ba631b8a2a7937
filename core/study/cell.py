"""Train one cell of the study and answer the held-out and the test images with it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from core.evaluate import calibration
from core.evaluate.logits import predict
from core.models.base import build, stands_alone
from core.study.grid import REAL, Cell
from core.study.material import Material
from core.training.learner import AHEAD, Learner

DEFAULTS: dict[str, Any] = {
    "steps": 600, "batch": 128, "lr": 1e-3, "weight_decay": 0.05, "warmup": 50, "ema": 0.98,
    "label_smoothing": 0.05, "mixup": 0.2, "class_weights": True, "looks": 8,
}  # fmt: skip


@dataclass
class Trained:
    """A trained cell.

    Attributes:
        module: at its best look at the held-out images.
        held: (M, K) logits of the held-out images.
        test: (T, K) logits of the test images.
        curve: per look `step`, `loss` (training), `val_loss`, `val_accuracy`.
        counts: training images per label, repeats included.
        seconds: wall time.
    """

    module: nn.Module
    held: np.ndarray
    test: np.ndarray
    curve: list[dict[str, float]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    seconds: float = 0.0


def train_cell(cell: Cell, material: Material, config: dict[str, Any]) -> Trained:
    """Train a cell for a fixed number of steps; every arm of a regime costs the same.

    Equal steps keep the comparison about images, not about the length of training: with epochs,
    an arm with twice the images would also learn for twice as long.
    """
    start, device = time.monotonic(), material.pool.device
    settings = DEFAULTS | config["train"] | config["models"][cell.model].get("train", {})
    if "steps" in config:
        settings["steps"] = config["steps"][config["shares"].index(cell.share)]
    torch.manual_seed(cell.seed)
    rows = material.choose(cell)
    labels = material.pool.labels.cpu().numpy()[rows]
    classes = len(material.data.domain.task(material.task).labels)
    counts = np.bincount(labels, minlength=classes)
    augment = None if cell.arm == REAL else config.get("augment", {})
    learner = Learner(make(cell, material, config), counts, settings, augment, device, cell.seed)
    trained = _loop(learner, torch.as_tensor(rows).to(device), material, settings, cell.seed)
    trained.counts = counts.tolist()
    trained.seconds = round(time.monotonic() - start, 2)
    return trained


def make(cell: Cell, material: Material, config: dict[str, Any]) -> nn.Module:
    """An untrained module of the cell's architecture."""
    return build(cell.model, settings_of(cell, material, config), stands_alone)


def settings_of(cell: Cell, material: Material, config: dict[str, Any]) -> dict[str, Any]:
    """The builder's arguments."""
    task = material.data.domain.task(material.task)
    own = {k: v for k, v in config["models"][cell.model].items() if k != "train"}
    return {"channels": material.data.domain.channels, "classes": len(task.labels)} | own


def _loop(
    learner: Learner, rows: torch.Tensor, material: Material, settings: dict[str, Any], seed: int
) -> Trained:
    steps, batch = int(settings["steps"]), min(int(settings["batch"]), len(rows))
    every = max(1, steps // int(settings["looks"]))
    batches = _batches(learner, rows, material, batch, seed)
    best, losses = math.inf, []
    found = Trained(learner.module, np.empty(0), np.empty(0))
    kept: dict[str, torch.Tensor] = {}
    learner.module.train()
    for step in range(steps):
        losses.append(learner.step(*next(batches), rate(step, settings), step))
        if (step + 1) % every == 0 or step + 1 == steps:
            look, logits = _look(learner, material)
            found.curve.append({"step": step + 1, "loss": float(torch.stack(losses).mean())} | look)
            losses = []
            if look["val_loss"] < best:
                best, found.held = look["val_loss"], logits
                kept = {k: v.clone() for k, v in learner.current.state_dict().items()}
            learner.module.train()
    found.module = learner.current
    found.module.load_state_dict(kept)
    recipe = material.recipe
    found.test = predict(found.module, material.test_images, recipe, rows.device)
    return found


def _batches(
    learner: Learner, rows: torch.Tensor, material: Material, batch: int, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Endless batches of augmented images and labels; every row once before any twice."""
    random = torch.Generator(rows.device).manual_seed(seed)
    several = AHEAD.get(learner.device.type, 1) * batch
    order = rows[:0]
    while True:
        while len(order) < several:
            turn = torch.randperm(len(rows), generator=random, device=rows.device)
            order = torch.cat([order, rows[turn]])
        chosen, order = order[:several], order[several:]
        x, labels = learner.augmented(material.pool.batch(chosen)), material.pool.labels[chosen]
        yield from zip(x.split(batch), labels.split(batch))


def _look(learner: Learner, material: Material) -> tuple[dict[str, float], np.ndarray]:
    held, recipe = material.held, material.recipe
    logits = predict(learner.current, held.images, recipe, learner.device)
    temperature = calibration.fit_temperature(logits, held.labels)
    return {
        "val_loss": calibration.log_loss(logits, held.labels, temperature),
        "val_accuracy": float((logits.argmax(1) == held.labels).mean()),
    }, logits


def rate(step: int, settings: dict[str, Any]) -> float:
    """Learning rate: linear warm-up, then a cosine to zero."""
    warm = min(1.0, (step + 1) / max(1, int(settings["warmup"])))
    return float(settings["lr"]) * warm * 0.5 * (1 + math.cos(math.pi * step / settings["steps"]))
