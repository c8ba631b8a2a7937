"""Variations of a given image by a diffusion model ("generate like this")."""

from __future__ import annotations

import numpy as np
import torch

from core import domains
from core.cards import Card
from core.errors import CheckpointError, SynthLensError
from core.models.diffusion import LatentDiffusion
from core.registry import Registry
from core.services.classification import classify
from core.services.defaults import choose, classifier_rank
from core.services.generation import GeneratedImage, Report
from core.services.queue import turn

STRENGTH = 0.6


def can_vary(card: Card) -> bool:
    """Whether a generator can start from a given image."""
    return card.task == "generator" and card.family == "latent-diffusion"


def infer_class(registry: Registry, image: np.ndarray, domain: str) -> tuple[str, float]:
    """The image class that the domain's best such classifier sees, and its probability.

    Raises:
        CheckpointError: no classifier whose labels are image classes.
    """
    known = set(domains.get(domain).class_ids)
    cards = [c for c in registry.cards(domain, "classifier") if set(c.classes) <= known]
    if not cards:
        raise CheckpointError(
            "No classifier of this domain tells image classes apart; choose the class yourself."
        )
    best = max(cards, key=lambda card: classifier_rank(registry, card))
    prediction = classify(registry, [image], domain, best.id)[0]
    return prediction.label, prediction.probabilities[prediction.label]


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
        SynthLensError: a strength outside 0 to 1, or fewer than one image.
    """
    if not 0 <= strength <= 1 or n < 1:
        raise SynthLensError("Choose a strength from 0 to 1, and at least one image.")
    card = _card(registry, domain, model)
    recipe, seeds = card.preprocess(), list(range(seed, seed + n))
    x = recipe(image).expand(n, -1, -1, -1)
    loaded = registry.get(card.id)
    labels = torch.full((n,), card.classes.index(label))
    given = {**(options or {}), "strength": strength}
    with turn() as own, loaded.lock, torch.inference_mode():
        module = loaded.module
        assert isinstance(module, LatentDiffusion)

        def report(share: float, preview: torch.Tensor | None) -> None:
            own.beat()
            if progress:
                progress(share, None if preview is None else recipe.denormalise(preview))

        made = module.like(
            x.to(loaded.device), labels.to(loaded.device), seeds, strength, report,
            **(options or {}),
        )  # fmt: skip
    note = f"Made from a given image, strength {strength:.2f}: not reproducible without it."
    return [
        GeneratedImage(pixels, domain, label, card.id, own_seed, given, note)
        for pixels, own_seed in zip(recipe.denormalise(made), seeds)
    ]


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
