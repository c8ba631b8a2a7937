"""Find a style generator's directions and measure what each does, on codes it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from core import domains
from core.errors import CheckpointError
from core.evaluate.features import find_encoder
from core.latent import attributes, catalogue
from core.latent.pca import sample_codes
from core.models.gan.stylegan2 import StyleGAN2
from core.preprocessing import resized
from core.registry import Loaded, Registry

FRESH = 1_000_000  # first seed of the codes that effects are measured on


def measure_directions(
    registry: Registry,
    model_id: str,
    per_class: int = 64,
    n: int = 48,
    progress: Callable[[float], bool] | None = None,
) -> dict[str, Any]:
    """Write `directions.safetensors`, `directions.json` and `effects.json` beside a checkpoint.

    Effects are those on image attributes, on the logits of the domain's classifiers and on the
    detector's logit of "synthetic", where those models are there, and the distance from the
    unmoved image in the encoder's features.

    Args:
        registry: holds the generator and the judges.
        model_id: a generator with a W space.
        per_class: codes per class that directions are found from.
        n: other codes that effects are measured on.
        progress: told the share done; returns False to cancel.

    Returns:
        The table of effects by direction id.

    Raises:
        CheckpointError: no such generator, or one without a W space.
    """
    loaded = style_generator(registry, model_id)
    card, generator = loaded.card, cast(StyleGAN2, loaded.module)
    recipe = card.preprocess()
    organ = domains.get(card.domain).organ
    found, _ = catalogue.discover(generator, card.classes, recipe, per_class, organ)
    fresh = sample_codes(generator, generator.z_dim, len(card.classes), per_class, FRESH)
    judges, quantities = judges_of(registry, card.domain)
    names = [*attributes.names(recipe.channels, organ), *quantities]
    judges |= _features(registry, card.domain)
    measure = catalogue.measure_with(recipe, judges, organ)
    named, table = catalogue.describe(generator, found, fresh, measure, names, n, progress)
    catalogue.ship(named, table, registry.folder(model_id))
    return catalogue.short(table)


def style_generator(registry: Registry, model_id: str) -> Loaded:
    """A loaded generator with a W space.

    Raises:
        CheckpointError: no such generator, or it has none.
    """
    loaded = registry.get(model_id)
    if not isinstance(loaded.module, StyleGAN2):
        raise CheckpointError(f"{model_id} has no W space; choose a style-based generator.")
    return loaded


def _features(registry: Registry, domain: str) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """The domain's encoder, where there is one."""
    try:
        return {"features": find_encoder(registry, domain).module.features}  # type: ignore
    except CheckpointError:
        return {}


def judges_of(
    registry: Registry, domain: str
) -> tuple[dict[str, Callable[[torch.Tensor], torch.Tensor]], list[str]]:
    """Models whose outputs are watched, and the names of those outputs."""
    judges: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {}
    names: list[str] = []
    for card in registry.cards(domain):
        if card.task in ("classifier", "detector") and registry.status(card.id).verified:
            judges[card.id] = _at_own_side(registry.get(card.id).module, card.preprocess().size)
            names += [f"{card.name}: logit {label}" for label in card.classes]
    return judges, names


def _at_own_side(module: nn.Module, side: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """A model that is shown images at the side it was trained for."""

    def logits(images: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = module(resized(images, side))
        return out

    return logits
