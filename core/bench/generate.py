"""How long drawing takes, by model: GAN images alone and in a batch, diffusion images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.bench.base import Measurement, resnet18_unit, seconds
from core.cards import Card
from core.registry import Registry, default_registry
from core.services.generation import generate

BATCH = 16


def run(domain: str | None = None, data: list[Path] | None = None) -> Iterator[Measurement]:
    """Measure every generator: one GAN image, 16 GAN images, one diffusion image of 16."""
    registry, unit = default_registry(), resnet18_unit()
    for card in registry.cards(domain, "generator"):
        if "diffusion" in f"{card.family} {card.name}":
            whole = _time(registry, card, BATCH, 1)
            name = f"generate {card.id}: one image of a batch of {BATCH}"
            yield Measurement(name, whole / BATCH, "s", unit, BATCH, goal="<= 60")
            continue
        for n, goal in ((1, "<= 3"), (BATCH, "<= 25")):
            name = f"generate {card.id}: {n} image{'s' if n > 1 else ''}"
            yield Measurement(name, _time(registry, card, n, 5), "s", unit, 5, goal=goal)


def _time(registry: Registry, card: Card, n: int, repeats: int) -> float:
    label, domain = card.classes[0], card.domain
    return seconds(lambda: generate(registry, domain, card.id, label, n, 0), repeats)
