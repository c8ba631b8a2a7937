"""The gallery that the app shows before anything is asked for: our own generators' images only."""

from __future__ import annotations

from pathlib import Path

from core import domains
from core.registry import Registry
from core.services.defaults import choose
from core.services.export import write_folder
from core.services.generation import generate


def make_gallery(
    registry: Registry, domain: str, model: str | None = None, per_class: int = 4, seed: int = 0
) -> list[Path]:
    """Draw a few images of every class into `checkpoints/<domain>/gallery`.

    Args:
        registry: holds the generator; its root receives the gallery.
        domain: domain id.
        model: a generator; the domain's best by default.
        per_class: images of each class.
        seed: seed of each class's first image.

    Returns:
        Paths of the images written.
    """
    card = choose(registry, domain, "generator", model)
    images = []
    for name in (c for c in domains.get(domain).class_ids if c in card.classes):
        images += generate(registry, domain, card.id, name, per_class, seed)
    return write_folder(images, registry.root / domain / "gallery")
