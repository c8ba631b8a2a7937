"""One slider step without the browser: mapping, synthesis, encoding as PNG; the rest's work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.bench.base import Measurement, resnet18_unit, seconds
from core.registry import Registry, default_registry
from core.services.latent import Origin, code, draw, handles, has_styles

REPEATS = 15


def run(domain: str | None = None, data: list[Path] | None = None) -> Iterator[Measurement]:
    """Measure a step of every generator with a W space, two sliders moved."""
    registry, unit = default_registry(), resnet18_unit()
    for card in registry.cards(domain, "generator"):
        if has_styles(registry, card):
            name = f"slider step {card.id}: mapping, synthesis, PNG"
            value = _step(registry, card.id, card.classes[0])
            yield Measurement(name, value, "s", unit, REPEATS, goal="<= 4")


def _step(registry: Registry, model: str, label: str) -> float:
    from core.ui.pictures import uri

    moves = [(handle, 1.0) for handle in handles(registry, model)[:2]]
    work = lambda: uri(draw(registry, model, code(registry, Origin(model, label, 1)), moves))  # noqa: E731
    return seconds(work, repeats=REPEATS, warm=3)
