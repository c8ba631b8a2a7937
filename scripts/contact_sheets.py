"""Draw docs/images/contact/<domain>-<model>.jpg: every class by every generator, seeds in columns.

All images are synthetic. Minutes on a CPU: `PYTHONPATH=. python scripts/contact_sheets.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from core.domains import all_domains
from core.registry import Registry, default_registry
from core.services.generation import generate

OUT = Path(__file__).parents[1] / "docs" / "images" / "contact"
COLUMNS = 8
QUALITY = 88


def sheet(registry: Registry, domain: str, model: str, columns: int = COLUMNS) -> Image.Image:
    """One row per class, the same seeds in every row."""
    rows = [
        np.concatenate(
            [image.pixels for image in generate(registry, domain, model, label, columns, 0)], 1
        )
        for label in registry.card(model).classes
    ]
    return Image.fromarray(np.concatenate(rows).squeeze())


def main() -> None:
    """Draw the sheet of every generator among the checkpoints."""
    registry = default_registry()
    OUT.mkdir(parents=True, exist_ok=True)
    for domain in all_domains():
        for card in registry.cards(domain.id, "generator"):
            path = OUT / f"{domain.id}-{card.name}.jpg"
            sheet(registry, domain.id, card.id).save(path, quality=QUALITY)
            print(path)


if __name__ == "__main__":
    main()
