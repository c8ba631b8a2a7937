"""The map of a generator: where its images lie among the real ones, and which those it misses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.cards import Card
from core.errors import CancelledError, CheckpointError
from core.evaluate.copy_audit import unit
from core.evaluate.features import encoded, find_encoder
from core.evaluate.intervals import share
from core.evaluate.prdc import radii
from core.evaluate.reference import NEIGHBOURS, Reference, reference
from core.latent.catalogue import write_rows
from core.latent.embedding import density, fit_plane, uncovered
from core.registry import Registry
from core.services.generation import draw

FILE = "map.json"
BATCH = 32


def map_images(
    registry: Registry,
    model_id: str,
    per_class: int = 128,
    progress: Callable[[float], bool] | None = None,
) -> dict[str, Any]:
    """Write `map.json` beside a generator's checkpoint.

    The plane holds the two principal components of real and generated images together, in the
    in-domain features. Coverage is counted on as many real images as generated ones, beside the
    coverage that as many other real images reach.

    Args:
        registry: holds the generator, and the encoder with its reference of real images.
        model_id: any generator.
        per_class: images of each class, seeds 0 to per_class - 1.
        progress: told the share done; returns False to cancel.

    Returns:
        What was written: "points" by class id, "plane", and where a reference of real images is
        shipped, "real" and "coverage".

    Raises:
        CheckpointError: no such generator, or no encoder.
        CancelledError: `progress` returned False.
    """
    card = registry.card(model_id)
    if card.task != "generator":
        raise CheckpointError(f"{model_id} is no generator.")
    features = _features(registry, card, per_class, progress)
    try:
        real: Reference | None = reference(registry, card.domain)
    except CheckpointError:
        real = None
    made = np.concatenate(list(features.values()))
    centre = real.centre if real else made.mean(0)
    made = unit(made, centre)
    plane = fit_plane(np.concatenate([_balanced(real, len(made)), made]) if real else made)
    table: dict[str, Any] = {"model": card.id, "per_class": per_class}
    table["plane"] = {"method": "PCA of in-domain features", "explained": list(plane.explained)}
    places = np.split(plane.project(made), len(features))
    table["points"] = {k: p.tolist() for k, p in zip(features, places)}
    if real is not None:
        table |= _against_real(real, made, plane)
    write_rows(registry.folder(card.id) / FILE, table)
    return table


def _features(
    registry: Registry, card: Card, per_class: int, progress: Callable[[float], bool] | None
) -> dict[str, np.ndarray]:
    encoder = find_encoder(registry, card.domain)
    found: dict[str, np.ndarray] = {}
    for place, label in enumerate(card.classes):
        rows = []
        for start in range(0, per_class, BATCH):
            if progress and not progress((place + start / per_class) / len(card.classes)):
                raise CancelledError("Cancelled.")
            seeds = list(range(start, min(start + BATCH, per_class)))
            images = draw(registry, card.domain, card, [label] * len(seeds), seeds)
            rows.append(encoded(encoder, np.stack([image.pixels for image in images])))
        found[label] = np.concatenate(rows)
    return found


def _balanced(real: Reference, n: int) -> np.ndarray:
    """As many real images as generated ones, so that neither alone sets the plane."""
    order = np.random.default_rng(0).permutation(len(real.features))
    return real.features[order[:n]]


def _against_real(real: Reference, made: np.ndarray, plane: Any) -> dict[str, Any]:
    order = np.random.default_rng(1).permutation(len(real.features))
    n = min(len(made), len(order) // 2)
    judged, others = real.features[order[:n]], real.features[order[n : 2 * n]]
    own = radii(judged, min(NEIGHBOURS, n - 1))
    picked = np.random.default_rng(2).permutation(len(made))[:n]
    missed = uncovered(judged, own, made[picked])
    floor = uncovered(judged, own, others)
    return {
        "real": density(plane.project(real.features), plane.project(judged), missed),
        "coverage": {"generated": share(~missed), "real": share(~floor), "k": NEIGHBOURS},
    }
