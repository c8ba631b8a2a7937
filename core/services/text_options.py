"""Which sampling options a generator from text uses when the caller names none."""

from __future__ import annotations

import json
from typing import Any

from core.cards import Card
from core.registry import Registry

GUIDANCE_FILE = "guidance.json"


def guidance_of(registry: Registry, card: Card) -> dict[str, Any]:
    """What was measured of a generator's guidance (`evaluate text-guidance`).

    Returns:
        {} where nothing was, where the file cannot be read, or where it is of other weights.
    """
    path = registry.folder(card.id) / GUIDANCE_FILE
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if found.get("model_files") == card.files else {}


def options_of(
    registry: Registry, card: Card, options: dict[str, float] | None = None
) -> dict[str, float]:
    """Sampling options: those given, and the guidance chosen on validation where none is."""
    chosen = guidance_of(registry, card).get("chosen")
    own = {} if chosen is None else {"guidance": float(chosen)}
    return {**own, **(options or {})}
