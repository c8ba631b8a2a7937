"""How much the process grows with each model: loaded, and used once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import numpy as np
import psutil

from core.bench.base import Measurement
from core.cards import Card
from core.memory import trim
from core.registry import Registry, default_registry
from core.services.classification import classify
from core.services.detection import detect
from core.services.generation import generate

MB = 1e6
COMPARED = "its weights alone, as 32-bit numbers"


def run(domain: str | None = None) -> Iterator[Measurement]:
    """Measure every model that a service can be asked of, one after the other, alone in memory."""
    registry = default_registry()
    cards = [c for c in registry.cards(domain) if c.task in USES]
    for card in cards[:1]:  # packages and buffers that come with the first use of any model
        _grown(registry, card)
    for card in cards:
        grown, weights = _grown(registry, card)
        name = f"memory {card.id}: loaded and used once"
        yield Measurement(name, grown, "MB", weights, 1, COMPARED)


def _grown(registry: Registry, card: Card) -> tuple[float, float]:
    """MB that the process grew by, and MB of weights."""
    registry.clear()
    gc.collect()
    trim()
    before = psutil.Process().memory_info().rss
    USES[card.task](registry, card)
    gc.collect()
    trim()
    grown = psutil.Process().memory_info().rss - before
    needed = [card.id, *card.requires]
    weights = sum(registry.get(i).bytes for i in needed if i in registry.loaded_ids())
    return max(grown, 0) / MB, weights / MB


def _generate(registry: Registry, card: Card) -> None:
    generate(registry, card.domain, card.id, card.classes[0], 1, 0)


def _classify(registry: Registry, card: Card) -> None:
    classify(registry, [_image()], card.domain, card.id)


def _detect(registry: Registry, card: Card) -> None:
    registry.get(card.id)  # an image out of scope never reaches it
    detect(registry, [_image()], card.domain, card.id)


def _image() -> np.ndarray:
    return np.random.default_rng(0).random((224, 224), dtype=np.float32)


USES: dict[str, Callable[[Registry, Card], None]] = {
    "generator": _generate,
    "classifier": _classify,
    "detector": _detect,
}
