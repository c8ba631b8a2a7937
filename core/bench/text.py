"""How long a report takes: reading it, one image of a batch, the words that made an image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from core.bench.base import Measurement, resnet18_unit, seconds
from core.explain.text import explain
from core.registry import default_registry
from core.services.text import cards, draw, read

BATCH = 8
TEXT = "Patchy opacity in the right lower lobe. Impression: Right lower lobe pneumonia."


def run() -> Iterator[Measurement]:
    """Measure every generator from text, the classifier's look at its images included."""
    registry, unit = default_registry(), resnet18_unit()
    for card in cards(registry):
        own = partial(read, registry, card.id, TEXT)
        yield Measurement(f"text {card.id}: read a report", seconds(own, 3), "s", unit, 3)
        many = partial(draw, registry, card.id, TEXT, BATCH, 0)
        name = f"text {card.id}: one image of a batch of {BATCH}"
        yield Measurement(name, seconds(many, 1) / BATCH, "s", unit, BATCH, goal="<= 60")
        words = partial(explain, registry, card.id, TEXT, 0)
        name = f"text {card.id}: the words that made an image"
        yield Measurement(name, seconds(words, 1), "s", unit, 1)
