"""Classification accuracy score: trained on synthetic, tested on real (Ravuri & Vinyals 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from core.cards import Card
from core.evaluate.real_sets import MAIN, RealSets
from core.evaluate.sampling import subset
from core.models.encoder import Encoder
from core.preprocessing import Preprocessing

EPOCHS = 12


def scores(
    real: RealSets,
    pixels: np.ndarray,
    features: np.ndarray,
    classes: np.ndarray,
    card: Card,
    with_network: bool,
) -> dict[str, Any]:
    """The score by a probe on encoder features and, on request, by a network on pixels.

    Args:
        real: real images; as many training images as synthetic ones give the reference.
        pixels: (N, S, S, C) uint8 synthetic images.
        features: (N, D) their encoder features.
        classes: (N,) the classes they were drawn for.
        card: the generator's, for the names of its classes.
        with_network: also train a network.
    """
    rows = subset(real.train_classes, len(classes), np.random.default_rng(0))
    held, names = real.held_classes, card.classes
    own = probe(features, classes, real.held[MAIN])
    best = probe(real.train_features[rows], real.train_classes[rows], real.held[MAIN])
    found = {"classification_score": _report("logistic regression on encoder features", own, best,
                                             held, names, len(classes))}  # fmt: skip
    if with_network:
        own = network(pixels, classes, real.held_pixels, len(names))
        best = network(
            real.train_pixels[rows], real.train_classes[rows], real.held_pixels, len(names)
        )
        found["classification_score_network"] = _report(
            "small residual network on pixels", own, best, held, names, len(classes)
        )
    return found


def probe(features: np.ndarray, classes: np.ndarray, tested: np.ndarray) -> np.ndarray:
    """Predictions for `tested` of logistic regression fitted to features and classes, (M,)."""
    if len(np.unique(classes)) < 2:
        return np.full(len(tested), classes[0])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    return np.asarray(model.fit(features, classes).predict(tested))


def network(pixels: np.ndarray, classes: np.ndarray, tested: np.ndarray, count: int) -> np.ndarray:
    """Predictions for `tested` of a small network trained from scratch, (M,).

    Args:
        pixels: (N, S, S, C) uint8 training images.
        classes: (N,) their classes.
        tested: (M, S, S, C) uint8.
        count: number of classes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = Encoder((24, 48, 96), size=64)
        model = nn.Sequential(body, nn.Linear(96, count))
        inputs, targets = _inputs(body, pixels), torch.from_numpy(classes.astype(np.int64))
        _fit(model, inputs, targets)
    model.eval()
    with torch.inference_mode():
        parts = [model(part).argmax(1) for part in _inputs(body, tested).split(128)]
    return torch.cat(parts).numpy()


def _inputs(body: Encoder, pixels: np.ndarray) -> torch.Tensor:
    recipe = Preprocessing()
    parts = [pixels[i : i + 256] for i in range(0, len(pixels), 256)]
    return torch.cat([body.prepare(recipe.normalise(p)) for p in parts])


def _fit(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    steps = EPOCHS * -(-len(inputs) // 64)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(64):
            if len(rows) > 1:
                shift = [int(s) for s in torch.randint(-4, 5, (2,))]
                batch = torch.roll(inputs[rows], shift, (2, 3))
                loss = F.cross_entropy(model(batch), targets[rows])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
            schedule.step()


def _report(
    method: str,
    own: np.ndarray,
    best: np.ndarray,
    held: np.ndarray,
    names: Sequence[str],
    n: int,
) -> dict[str, Any]:
    labels = np.unique(held)
    each = recall_score(held, own, labels=labels, average=None, zero_division=0)
    return {
        "method": method,
        "n_train": n,
        "n_test": len(held),
        "balanced_accuracy": float(balanced_accuracy_score(held, own)),
        "balanced_accuracy_trained_on_real": float(balanced_accuracy_score(held, best)),
        "per_class_recall": {names[c]: float(r) for c, r in zip(labels, each)},
    }
