"""How long a translation takes: one slice there and back, with its scope check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.bench.base import Measurement, resnet18_unit, seconds
from core.registry import default_registry
from core.services.translation import DOMAIN, best, translate
from core.translation.apply import translate_slices


def run(domain: str | None = None, data: list[Path] | None = None) -> Iterator[Measurement]:
    """Measure the translator that the page starts with, on made-up heads."""
    registry = default_registry()
    if domain not in (None, DOMAIN) or not registry.cards(DOMAIN, "translator"):
        return
    card, unit = best(registry), resnet18_unit()
    loaded, head = registry.get(card.id), made_up(int(card.config["size"]))
    both = seconds(lambda: translate_slices(loaded, head[None], "mri_to_ct"), 5)
    name = f"translate {card.id}: one slice, there and back"
    yield Measurement(name, both, "s", unit, 5, goal="<= 60")
    whole = seconds(lambda: translate(registry, head, "mri_to_ct", card.id), 5)
    name = f"translate {card.id}: one upload, with its scope check"
    yield Measurement(name, whole, "s", unit, 5, goal="<= 60")


def made_up(side: int) -> np.ndarray:
    """An ellipse of grey on black, (side, side) uint8."""
    rows, columns = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    radius = (rows / 0.8) ** 2 + (columns / 0.65) ** 2
    grey = 90 + 60 * np.cos(9 * radius)
    return np.where(radius < 1, grey, 0).astype(np.uint8)
