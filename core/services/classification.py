"""Which class an image shows, with probabilities calibrated on validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from core.cards import Card
from core.memory import forward
from core.registry import Loaded, Registry
from core.services import queue
from core.services.defaults import choose
from core.services.remote import served

BATCH = 32


@dataclass
class Prediction:
    """A classifier's answer for one image.

    Attributes:
        label: the answer; in a two-class task by the threshold chosen on validation.
        probabilities: temperature-scaled, by label, summing to 1.
    """

    domain: str
    model: str
    label: str
    probabilities: dict[str, float]


@served
def classify(
    registry: Registry, images: list[np.ndarray], domain: str, model: str | None = None
) -> list[Prediction]:
    """Classify decoded images, several at once.

    Args:
        registry: where models come from.
        images: each (H, W) or (H, W, 3), float in [0, 1] or uint8.
        domain: domain id.
        model: id of a classifier; None for the best on validation.

    Raises:
        KeyError: unknown domain.
        CheckpointError: no such classifier.
    """
    card = choose(registry, domain, "classifier", model)
    loaded = registry.get(card.id)
    return [
        Prediction(domain, card.id, _decide(card, row), dict(zip(card.classes, row.tolist())))
        for row in probabilities(loaded, images)
    ]


def probabilities(loaded: Loaded, images: list[np.ndarray]) -> np.ndarray:
    """Calibrated class probabilities of a classifier or detector, (N, K) float64.

    Softmax of logits over the temperature fitted on validation (Guo et al. 2017, eq. 9).
    """
    card = loaded.card
    if loaded.note:
        queue.say(loaded.note)
    recipe, temperature = card.preprocess(), float(card.calibration.get("temperature", 1.0))
    rows = [np.zeros((0, len(card.classes)))]
    for start in range(0, len(images), BATCH):
        pixels = np.stack([recipe.pixels(image) for image in images[start : start + BATCH]])
        logits = _logits(loaded, recipe.normalise(pixels))
        rows.append(torch.softmax(logits.double() / temperature, dim=1).numpy())
    return np.concatenate(rows)


def _logits(loaded: Loaded, batch: torch.Tensor) -> torch.Tensor:
    # under the lock: an explanation may have hooks on this very module in another session
    with loaded.lock, torch.inference_mode():
        return forward(loaded.module, batch, BATCH, queue.say)


def _decide(card: Card, row: np.ndarray) -> str:
    threshold = card.calibration.get("threshold")
    if len(card.classes) == 2 and threshold is not None:
        return card.classes[int(row[1] >= float(threshold))]
    return card.classes[int(row.argmax())]
