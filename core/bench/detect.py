"""How long a verdict takes: one upload, one with the stability strip, a batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.bench.base import Measurement, resnet18_unit, seconds
from core.images import read_path
from core.registry import Registry, default_registry
from core.services.detection import detect

FILES = 100


def run(domain: str | None = None, data: list[Path] | None = None) -> Iterator[Measurement]:
    """Measure every domain that has a detector, on images that it judges and does not refuse."""
    registry, unit = default_registry(), resnet18_unit()
    cards = registry.cards(domain, "detector") or registry.cards("shared", "detector")
    for card in cards:
        own = domain or (card.domain if card.domain != "shared" else "chest_xray")
        images = in_scope_images(registry, own)

        def judge(
            n: int,
            strip: bool,
            own: str = own,
            model: str = card.id,
            images: list[np.ndarray] = images,
        ) -> float:
            repeats = 1 if n > 1 else 5
            return seconds(lambda: detect(registry, images[:n], own, model, strip), repeats)

        yield Measurement(
            f"detect {card.id}: one upload", judge(1, False), "s", unit, 5, goal="<= 8"
        )
        name = f"detect {card.id}: one upload with the stability strip"
        yield Measurement(name, judge(1, True), "s", unit, 5, goal="<= 60")
        name = f"detect {card.id}: one file of {FILES}"
        yield Measurement(name, judge(FILES, False) / FILES, "s", unit, FILES, goal="<= 3")


def in_scope_images(registry: Registry, domain: str) -> list[np.ndarray]:
    """The domain's shipped gallery, cycled to `FILES` images; noise where there is none.

    Noise is refused as out of scope before the detector sees it, which costs much less.
    """
    gallery = registry.root / domain / "gallery"
    shipped = [read_path(path).pixels for path in sorted(gallery.glob("*.png"))]
    if not shipped:
        rng = np.random.default_rng(0)
        shipped = [rng.random((224, 224), dtype=np.float32)]
    return [shipped[i % len(shipped)] for i in range(FILES)]
