"""Concept sets from the ends of a generator's semantic latent directions."""

from __future__ import annotations

import numpy as np
import torch

from core.concepts.sets import ConceptSet, Material
from core.errors import CheckpointError
from core.latent.directions import apply, load_directions
from core.models.base import StyleGenerator, noise
from core.registry import Loaded, Registry

KINDS = ("attribute", "class")  # directions that were fitted to mean something
END = 2.0  # standard deviations, where the sliders of the app end
FIRST_SEED = 2_000_000  # of codes that no direction was found or measured on
BATCH = 16


def find_generator(registry: Registry, domain: str) -> str | None:
    """Id of the first style-based generator of a domain that ships directions, None for none."""
    for card in registry.cards(domain, "generator"):
        try:
            if any(d.kind in KINDS for d in load_directions(registry.folder(card.id))):
                return card.id
        except CheckpointError:
            continue
    return None


def from_directions(registry: Registry, generator: str, each: int, pool: int) -> Material:
    """Draw images at the end of every semantic direction, and unmoved ones as random images.

    Both sides are synthetic and of the same model: a vector cannot tell them by their origin.

    Args:
        registry: where the generator is.
        generator: id of a style-based generator that ships directions.
        each: images per direction; classes in turn.
        pool: unmoved images.

    Raises:
        CheckpointError: no such generator, no W space, or no semantic directions.
    """
    loaded = registry.get(generator)
    found = [d for d in load_directions(registry.folder(generator)) if d.kind in KINDS]
    if not found or not isinstance(loaded.module, StyleGenerator):
        raise CheckpointError(
            f"{generator} ships no semantic directions; find them with 'python -m core directions'."
        )
    title = loaded.card.title
    seed, images, concepts = FIRST_SEED, [], []
    for direction in found:
        codes = _codes(loaded, seed, each)
        images.append(_pixels(loaded, apply(codes, [(direction, END)])))
        positions = np.arange(seed - FIRST_SEED, seed - FIRST_SEED + each)
        name = spoken(direction.name, direction.kind)
        how = f"Images of {title}, moved {END:g} standard deviations along '{direction.id}'."
        concepts.append(ConceptSet(f"direction-{direction.id}", name, "direction", how, positions))
        seed += each
    images.append(_pixels(loaded, _codes(loaded, seed, pool)))
    random = np.arange(seed - FIRST_SEED, seed - FIRST_SEED + pool)
    strata = np.concatenate([np.arange(len(i)) % len(loaded.card.classes) for i in images])
    about = f"synthetic images of {title} at the ends of its directions; unmoved ones as random"
    return Material("direction", np.concatenate(images), strata, random, concepts, about)


def spoken(name: str, kind: str) -> str:
    """A direction's far end in words; measured names say "more" or "less" themselves."""
    says_it = kind == "class" or name.startswith(("more ", "less ", "towards "))
    return name if says_it else f"more {name}"


@torch.no_grad()
def _codes(loaded: Loaded, first: int, n: int) -> torch.Tensor:
    """(n, layers, w_dim) of fresh seeds, classes in turn."""
    generator = loaded.module
    labels = torch.arange(n, device=loaded.device) % len(loaded.card.classes)
    z = noise((int(generator.z_dim),), list(range(first, first + n))).to(loaded.device)  # type: ignore[arg-type]
    with loaded.lock:
        return generator.map(z, labels)  # type: ignore[operator]


def _pixels(loaded: Loaded, codes: torch.Tensor) -> np.ndarray:
    recipe, rows = loaded.card.preprocess(), []
    with loaded.lock, torch.inference_mode():
        for part in codes.split(BATCH):
            rows.append(recipe.denormalise(loaded.module.synthesise(part)))  # type: ignore[operator]
    return np.concatenate(rows)
