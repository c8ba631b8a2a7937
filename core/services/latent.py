"""Latent edits for pages: images in and out, directions by id, no tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from core.cards import Card
from core.latent.directions import Direction, apply, load_directions, scaled
from core.latent.interpolation import path
from core.latent.pca import components, sample_codes
from core.latent.sensitivity import sensitivity
from core.models.base import StyleGenerator, noise
from core.registry import Loaded, Registry

UNMEASURED = 4  # principal components offered where no measured directions are shipped
_CODES = 64  # codes per class that they are found from


@dataclass(frozen=True)
class Handle:
    """One slider: a direction in W and what it measurably does.

    Attributes:
        id: stable id, for URLs.
        name: display name; says so where the effect was never measured.
        effects: rows of the shipped table, empty where there is none.
        n: latents the effects were measured on.
        vector: the direction itself, for this module only.
    """

    id: str
    name: str
    vector: Direction
    effects: list[dict[str, Any]] = field(default_factory=list)
    n: int = 0


def has_styles(registry: Registry, card: Card) -> bool:
    """Whether a generator has an intermediate space W to edit in."""
    return isinstance(registry.get(card.id).module, StyleGenerator)


def handles(registry: Registry, model: str) -> list[Handle]:
    """The directions shipped with a generator, or principal components found here.

    Raises:
        CheckpointError: damaged files.
    """
    folder = registry.folder(model)
    table_path = folder / "effects.json"
    table = json.loads(table_path.read_text()) if table_path.exists() else {}
    found = load_directions(folder) or _principal(registry.get(model))
    return [
        Handle(
            d.id,
            d.name or f"{d.id} (effect not measured)",
            d,
            table.get(d.id, {}).get("effects", []),
            int(table.get(d.id, {}).get("n", 0)),
        )
        for d in found
    ]


def _principal(loaded: Loaded) -> list[Direction]:
    generator: Any = loaded.module
    with loaded.lock:
        codes = sample_codes(generator, generator.z_dim, len(loaded.card.classes), _CODES)
    parts = components(codes, min(UNMEASURED, codes.w.shape[1]))
    found = [Direction(f"pca-{i + 1}", "pca", "", v) for i, v in enumerate(parts.directions)]
    return [scaled(d, codes.w, codes.labels) for d in found]


def render(
    registry: Registry,
    model: str,
    class_id: str,
    seed: int,
    moves: list[tuple[Handle, float]] | None = None,
) -> np.ndarray:
    """One image, moved along directions: (S, S, C) uint8.

    Args:
        registry: where the generator is.
        model: id of a style-based generator.
        class_id: one of its classes.
        seed: of its code; without moves the image is the one that `generate` draws.
        moves: directions and amounts, in standard deviations of W.
    """
    loaded = registry.get(model)
    with loaded.lock, torch.inference_mode():
        w = _code(loaded, class_id, seed)
        return _pixels(loaded, apply(w, [(h.vector, a) for h, a in moves or []]))[0]


def between(
    registry: Registry, model: str, start: tuple[str, int], end: tuple[str, int], frames: int = 9
) -> np.ndarray:
    """Images on the straight line in W from one class and seed to another, (frames, S, S, C)."""
    loaded = registry.get(model)
    with loaded.lock, torch.inference_mode():
        line = path(_code(loaded, *start)[0], _code(loaded, *end)[0], frames)
        return _pixels(loaded, line)


def where(registry: Registry, model: str, class_id: str, seed: int, handle: Handle) -> np.ndarray:
    """Change of every pixel per standard deviation along a direction, (S, S), not negative."""
    loaded = registry.get(model)
    generator: Any = loaded.module
    with loaded.lock:
        found = sensitivity(generator, _code(loaded, class_id, seed), handle.vector)
    return found.float().cpu().numpy()


def _code(loaded: Loaded, class_id: str, seed: int) -> torch.Tensor:
    generator: Any = loaded.module
    label = torch.tensor([loaded.card.classes.index(class_id)], device=loaded.device)
    with torch.no_grad():
        return generator.map(noise((generator.z_dim,), [seed]).to(loaded.device), label)


def _pixels(loaded: Loaded, w: torch.Tensor) -> np.ndarray:
    generator: Any = loaded.module
    return loaded.card.preprocess().denormalise(generator.synthesise(w))
