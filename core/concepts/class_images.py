"""The images of every output that TCAV scores are measured on: validation, never test."""

from __future__ import annotations

import numpy as np
import torch

from core.cards import Card
from core.data.dataset import DomainData
from core.errors import DataError
from core.evaluate.classification import task_of
from core.models.base import Generator
from core.registry import Registry
from core.training.degrade import degrade_all

FAKE_SEED = 900_000  # generated images from here on were never trained on


def class_images(
    registry: Registry, card: Card, data: DomainData, each: int, seed: int
) -> dict[str, np.ndarray]:
    """Up to `each` images per output, label to (N, S, S, C) uint8.

    A classifier's are real validation images of the label. A detector's are real validation
    images and images of the domain's generators, all through the same random re-encodings, as in
    its training.

    Raises:
        DataError: no validation image of some output, or no generator for a detector.
    """
    if card.task == "detector":
        found = {"real": _real(data, each, seed), "synthetic": _synthetic(registry, data, each)}
        mixed = {k: degrade_all(v, seed + i) for i, (k, v) in enumerate(found.items())}
        return {label: mixed[label.lower()] for label in card.classes}
    task, rng = task_of(card, data), np.random.default_rng(seed)
    index, labels = data.indices("val", task), data.labels(task)
    found = {}
    for k, label in enumerate(card.classes):
        own = rng.permutation(index[labels[index] == k])[:each]
        if not len(own):
            raise DataError(f"There is no validation image of {label} in the data.")
        found[label] = np.asarray(data.images[np.sort(own)])
    return found


def _real(data: DomainData, each: int, seed: int) -> np.ndarray:
    index = np.random.default_rng(seed).permutation(data.indices("val"))[:each]
    if not len(index):
        raise DataError("There is no validation image in the data.")
    return np.asarray(data.images[np.sort(index)])


def _synthetic(registry: Registry, data: DomainData, each: int) -> np.ndarray:
    """Images of every generator of the domain, as many of each, classes in turn."""
    cards = registry.cards(data.domain.id, "generator")
    if not cards:
        raise DataError(f"There is no generator of {data.domain.id} to test a detector on.")
    rows = []
    for card in cards:
        n = -(-each // len(cards))
        loaded = registry.get(card.id)
        generator: Generator = loaded.module  # type: ignore[assignment]
        labels = torch.arange(n, device=loaded.device) % len(card.classes)
        with loaded.lock, torch.inference_mode():
            batch = generator.sample(labels, list(range(FAKE_SEED, FAKE_SEED + n)))
        pixels = card.preprocess().denormalise(batch)
        rows += [data.preprocessing.pixels(image.squeeze()) for image in pixels]
    return np.stack(rows[:each])
