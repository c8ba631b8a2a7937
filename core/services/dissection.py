"""Units of a generator for a page: the shipped table, maps of one image, ablation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from core.cards import Card
from core.errors import CheckpointError, SynthLensError
from core.evaluate.dissection import FILE
from core.latent.dissection import ablate, activations
from core.registry import Loaded, Registry
from core.services.queue import turn


def has_units(registry: Registry, card: Card) -> bool:
    """Whether a generator's layers can be dissected."""
    return hasattr(registry.get(card.id).module, "unit_layers")


def layers_of(registry: Registry, model: str) -> dict[str, int]:
    """Layers by name, coarse to fine, with their number of units."""
    generator: Any = registry.get(model).module
    return {name: layer.weight.shape[0] for name, layer in generator.unit_layers().items()}


def table(registry: Registry, model: str) -> dict[str, Any]:
    """What `python -m core dissect` wrote beside a checkpoint; empty where it did not.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = registry.folder(model) / FILE
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        raise CheckpointError(
            f"The file {path} is damaged; make it again with 'python -m core dissect'."
        ) from error


def unit_maps(
    registry: Registry, model: str, styles: np.ndarray, layer: str, units: list[int]
) -> np.ndarray:
    """Activation maps of units in one image, enlarged to its side, (units, S, S) float32.

    Raises:
        SynthLensError: no such layer or unit.
    """
    loaded = _checked(registry, model, layer, units)
    with turn(), loaded.lock:
        w = torch.from_numpy(styles)[None].to(loaded.device)
        maps = activations(loaded.module, w, layer)[:, units]
        side = loaded.card.preprocess().size
        big = F.interpolate(maps.float(), (side, side), mode="bilinear", align_corners=False)
    return big[0].cpu().numpy()


def without(
    registry: Registry,
    model: str,
    styles: np.ndarray,
    layer: str,
    units: list[int],
    factor: float = 0.0,
    seed: int | None = None,
) -> np.ndarray:
    """The image with units turned off (0) or up (above 1), (S, S, C) uint8.

    Raises:
        SynthLensError: no such layer or unit.
    """
    loaded = _checked(registry, model, layer, units)
    with turn(), loaded.lock:
        w = torch.from_numpy(styles)[None].to(loaded.device)
        images = ablate(loaded.module, w, layer, units, factor, None if seed is None else [seed])
    return loaded.card.preprocess().denormalise(images)[0]


def _checked(registry: Registry, model: str, layer: str, units: list[int]) -> Loaded:
    known = layers_of(registry, model)
    if layer not in known:
        raise SynthLensError(f"There is no layer '{layer}'; choose one of: {', '.join(known)}.")
    if not units or not all(0 <= unit < known[layer] for unit in units):
        raise SynthLensError(f"Choose units from 0 to {known[layer] - 1} of layer {layer}.")
    return registry.get(model)
