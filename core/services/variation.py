"""Variations of a given image by a diffusion model ("generate like this")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from core import domains
from core.cards import Card
from core.errors import CheckpointError, SynthLensError
from core.models.diffusion import LatentDiffusion
from core.registry import Registry
from core.scope import require
from core.services.classification import classify
from core.services.defaults import choose, classifier_rank
from core.services.generation import GeneratedImage, Report
from core.services.queue import turn

STRENGTH = 0.6


def can_vary(card: Card) -> bool:
    """Whether a generator can start from a given image."""
    return card.task == "generator" and card.family == "latent-diffusion"


@dataclass(frozen=True)
class Inferred:
    """What a classifier makes of an image that is to be varied.

    Attributes:
        label: the classifier's answer: an image class, or a task label that covers several.
        probability: calibrated.
        classes: the image classes that the label covers, in the domain's order.
        unknown: image classes that the classifier has no label for.
        model: id of the classifier.
    """

    label: str
    probability: float
    classes: tuple[str, ...]
    unknown: tuple[str, ...]
    model: str


def infer_class(registry: Registry, image: np.ndarray, domain: str) -> Inferred:
    """What the domain's best classifier sees, in terms of the classes that are generated.

    A classifier whose labels are the image classes themselves comes before one whose labels cover
    several of them: "pneumonia" leaves open whether bacterial or viral.

    Args:
        registry: where the classifiers are.
        image: (H, W) or (H, W, 3), float in [0, 1] or uint8.
        domain: domain id.

    Raises:
        CheckpointError: no classifier whose labels say anything about image classes.
        SynthLensError: the image is not of the domain.
    """
    require(registry, image, domain)
    cards = [c for c in registry.cards(domain, "classifier") if _covered(domain, c)]
    if not cards:
        raise CheckpointError(
            "No classifier of this domain tells image classes apart; choose the class yourself."
        )
    known = domains.get(domain).class_ids
    best = max(cards, key=lambda c: (set(c.classes) <= set(known), classifier_rank(registry, c)))
    prediction = classify(registry, [image], domain, best.id)[0]
    covered = _covered(domain, best)
    unknown = tuple(c for c in known if all(c not in own for own in covered.values()))
    chance = prediction.probabilities[prediction.label]
    return Inferred(prediction.label, chance, covered[prediction.label], unknown, best.id)


def _covered(domain: str, card: Card) -> dict[str, tuple[str, ...]]:
    """The image classes that each label of a classifier covers; empty where a label says none."""
    try:
        return {label: domains.get(domain).members(label) for label in card.classes}
    except KeyError:
        return {}


def vary(
    registry: Registry,
    image: np.ndarray,
    domain: str,
    label: str,
    n: int = 4,
    seed: int = 0,
    strength: float = STRENGTH,
    model: str | None = None,
    options: dict[str, float] | None = None,
    progress: Report | None = None,
) -> list[GeneratedImage]:
    """Noise a given image and denoise it as a class (SDEdit, Meng et al. 2022).

    Args:
        registry: where the model is.
        image: (H, W) or (H, W, 3), float in [0, 1] or uint8.
        domain: domain id.
        label: image class to denoise as.
        n: how many; image i uses seed + i.
        seed: of the first image.
        strength: 0 gives the image back as the autoencoder sees it, 1 forgets it.
        model: id of a latent diffusion model; None for the domain's.
        options: `steps`, `guidance`.
        progress: called with the share done; may raise `CancelledError`.

    Raises:
        CheckpointError: no such model, or one that cannot start from an image.
        SynthLensError: a strength outside 0 to 1, fewer than one image, or an image that is not of
            the domain.
    """
    if not 0 <= strength <= 1 or n < 1:
        raise SynthLensError("Choose a strength from 0 to 1, and at least one image.")
    require(registry, image, domain)
    card = _card(registry, domain, model)
    seeds, own = list(range(seed, seed + n)), dict(options or {})
    pixels = _draw(registry, card, image, label, seeds, strength, own, progress)
    note = f"Made from a given image, strength {strength:.2f}: not reproducible without it."
    given = {**own, "strength": strength}
    return [
        GeneratedImage(made, domain, label, card.id, used, given, note)
        for made, used in zip(pixels, seeds)
    ]


def _draw(
    registry: Registry,
    card: Card,
    image: np.ndarray,
    label: str,
    seeds: list[int],
    strength: float,
    options: dict[str, float],
    progress: Report | None,
) -> np.ndarray:
    """One variation per seed, (N, S, S, C) uint8, in a turn of the queue."""
    recipe, loaded = card.preprocess(), registry.get(card.id)
    x = recipe(image).expand(len(seeds), -1, -1, -1).to(loaded.device)
    labels = torch.full((len(seeds),), card.classes.index(label), device=loaded.device)
    with turn() as own, loaded.lock, torch.inference_mode():
        module = loaded.module
        assert isinstance(module, LatentDiffusion)

        def report(share: float, preview: torch.Tensor | None) -> None:
            own.beat()
            if progress:
                progress(share, None if preview is None else recipe.denormalise(preview))

        made = module.like(x, labels, seeds, strength, report, **options)
    return recipe.denormalise(made)


def _card(registry: Registry, domain: str, model: str | None) -> Card:
    if model is not None:
        card = choose(registry, domain, "generator", model)
        if can_vary(card):
            return card
        raise CheckpointError(
            f"{card.id} cannot start from an image; use a latent diffusion model."
        )
    able = [c for c in registry.cards(domain, "generator") if can_vary(c)]
    if not able:
        raise CheckpointError(f"No model of {domain} can start from an image.")
    return able[0]
