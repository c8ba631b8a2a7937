"""How long a verdict takes: one upload, one with the stability strip, a batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.bench.base import Measurement, resnet18_unit, seconds
from core.registry import default_registry
from core.services.detection import detect

FILES = 100


def run(domain: str | None = None, data: list[Path] | None = None) -> Iterator[Measurement]:
    """Measure every domain that has a detector, on made-up images of 224 px."""
    registry, unit = default_registry(), resnet18_unit()
    rng = np.random.default_rng(0)
    images = [rng.random((224, 224), dtype=np.float32) for _ in range(FILES)]
    cards = registry.cards(domain, "detector") or registry.cards("shared", "detector")
    for card in cards:
        own = domain or (card.domain if card.domain != "shared" else "chest_xray")

        def judge(n: int, strip: bool, own: str = own, model: str = card.id) -> float:
            repeats = 1 if n > 1 else 5
            return seconds(lambda: detect(registry, images[:n], own, model, strip), repeats)

        yield Measurement(
            f"detect {card.id}: one upload", judge(1, False), "s", unit, 5, goal="<= 8"
        )
        name = f"detect {card.id}: one upload with the stability strip"
        yield Measurement(name, judge(1, True), "s", unit, 5, goal="<= 60")
        name = f"detect {card.id}: one file of {FILES}"
        yield Measurement(name, judge(FILES, False) / FILES, "s", unit, FILES, goal="<= 3")
