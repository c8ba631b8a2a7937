"""Measure the concepts of a domain's models and write vectors and figures beside them."""

from __future__ import annotations

import numpy as np

from core.cards import Card
from core.concepts import shipped
from core.concepts.class_images import class_images
from core.concepts.directions import find_generator, from_directions
from core.concepts.measure import Settings, Tell, test_all
from core.concepts.sets import Material, from_attributes
from core.concepts.shipped import Shipped
from core.concepts.tapped import Tapped
from core.data.dataset import DomainData
from core.errors import DataError
from core.explain.explainable import explainable
from core.registry import WEIGHTS, Registry

CLASS_IMAGES, LATENT = 60, 120
TASKS = ("classifier", "detector")


def materials(
    registry: Registry, data: DomainData, limit: int = 4000, seed: int = 0
) -> tuple[list[Material], str | None]:
    """Concepts of a domain, for all its models: measured ones, and ends of latent directions.

    Args:
        registry: where a generator with directions may be.
        data: the domain's images.
        limit: most real images to measure.
        seed: of the choice.

    Returns:
        The concepts by source, and the generator's id, None where there is none.
    """
    found = [from_attributes(data, limit, seed)]
    generator = find_generator(registry, data.domain.id)
    if generator:
        found.append(from_directions(registry, generator, LATENT, 2 * LATENT))
    return found, generator


def measure(
    registry: Registry,
    card: Card,
    data: DomainData,
    concepts: tuple[list[Material], str | None],
    settings: Settings | None = None,
    progress: Tell | None = None,
) -> Shipped:
    """Write `concepts.json` and `concepts.safetensors` beside a checkpoint.

    Concepts and random sets are training images, scores are measured on validation images, and
    the test set is left alone.

    Args:
        registry: where the models are.
        card: a classifier or detector.
        data: the domain's images, at the card's preprocessing.
        concepts: from `materials`.
        settings: of the tests; at least 20 runs.
        progress: told the share done.

    Raises:
        DataError: other preprocessing, fewer than 20 runs, or too few images.
        ExplainError: the model has no score to explain.
    """
    how = settings or Settings()
    if how.runs < 20:
        raise DataError("Fewer than 20 random counterparts say little; ask for 20 runs or more.")
    if data.preprocessing.to_dict() != card.preprocess().to_dict():
        raise DataError(f"{card.id} needs images prepared as its card says; reload the data so.")
    with registry.locked(card.id) as loaded:
        tapped = Tapped(explainable(loaded.card, loaded.module))
    judged = class_images(registry, card, data, CLASS_IMAGES, how.seed)
    given = [_fitting(m, data) for m in concepts[0]]
    found = test_all(tapped, given, judged, how, card.id, progress)
    found.settings = {
        "runs": how.runs,
        "dealings": how.dealings,
        "seed": how.seed,
        "concept_split": "train",
        "class_split": "val",
        "class_images": {k: len(v) for k, v in judged.items()},
        "about": {m.source: m.about for m in given},
        "random_images": {m.source: len(m.pool) for m in given},
        "generator": concepts[1],
        "archives": data.archives,
        "weights": card.files.get(WEIGHTS),
    }
    shipped.save(found, registry.folder(card.id))
    return found


def _fitting(material: Material, data: DomainData) -> Material:
    """The same images at the model's preprocessing (a generator may draw at another size)."""
    recipe = data.preprocessing
    if material.images.shape[1:] != (recipe.size, recipe.size, recipe.channels):
        material.images = np.stack([recipe.pixels(image.squeeze()) for image in material.images])
    return material
