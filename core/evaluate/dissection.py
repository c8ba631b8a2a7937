"""Dissect a style generator: match units with segments, and measure what goes without each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import stats

from core import domains
from core.cards import Card
from core.errors import CancelledError
from core.evaluate.latent import judges_of, style_generator
from core.latent import attributes, catalogue
from core.latent.dissection import Overlap, ablate, activations, overlaps, segments
from core.latent.effects import Measure
from core.latent.pca import sample_codes
from core.registry import Registry

FRESH = 2_000_000  # first seed: other images than directions were found or measured on
BATCH = 16
FILE = "dissection.json"


def dissect(
    registry: Registry,
    model_id: str,
    n: int = 32,
    top: int = 10,
    progress: Callable[[float], bool] | None = None,
) -> dict[str, Any]:
    """Write `dissection.json` beside a checkpoint.

    Args:
        registry: holds the generator and the judges.
        model_id: a style-based generator.
        n: images, spread over the classes; half choose thresholds, half score them.
        top: units per layer whose ablation is measured, the most striking ones.
        progress: told the share done; returns False to cancel.

    Returns:
        By layer: number of units, and the top units with segment, IoU, control and the effects
        of turning each off (mean change over the images, 95 % interval, paired).

    Raises:
        CheckpointError: no such generator, or one without units to dissect.
        CancelledError: `progress` returned False.
    """
    loaded = style_generator(registry, model_id)
    generator: Any = loaded.module
    card, recipe = loaded.card, loaded.card.preprocess()
    organ = domains.get(card.domain).organ
    w = _codes(generator, card, n)
    with torch.no_grad():
        images = torch.cat([generator.synthesise(part) for part in w.split(BATCH)])
    parts = segments(recipe.denormalise(images), organ)
    judges, outputs = judges_of(registry, card.domain)
    names = [*attributes.names(recipe.channels, organ), *outputs]
    measure = catalogue.measure_with(recipe, judges, organ)
    start = _measured(measure, images)
    layers: dict[str, Any] = {}
    known = list(generator.unit_layers())
    for place, layer in enumerate(known):
        maps = torch.cat([activations(generator, part, layer) for part in w.split(BATCH)])
        found = overlaps(maps, parts)
        rows = []
        for rank, unit in enumerate(found[:top]):
            if progress and not progress((place + rank / top) / len(known)):
                raise CancelledError("Cancelled.")
            off = [ablate(generator, part, layer, [unit.unit]) for part in w.split(BATCH)]
            change = _measured(measure, torch.cat(off)) - start
            rows.append(_row(unit, change, start, names))
        layers[layer] = {"units": maps.shape[1], "top": rows}
    table = {"model": card.id, "n": n, "layers": layers}
    catalogue.write_rows(registry.folder(card.id) / FILE, table)
    return table


def _codes(generator: Any, card: Card, n: int) -> torch.Tensor:
    """N codes, classes in turn, so that either half holds every class."""
    k = len(card.classes)
    found = sample_codes(generator, generator.z_dim, k, -(-n // k), FRESH)
    order = torch.arange(len(found.w)).reshape(k, -1).T.flatten()[:n]
    device = next(generator.parameters()).device
    return found.w[order][:, None].repeat(1, generator.num_layers, 1).to(device)


def _measured(measure: Measure, images: torch.Tensor) -> np.ndarray:
    return np.concatenate([measure(part) for part in images.split(BATCH)])


def _row(unit: Overlap, change: np.ndarray, start: np.ndarray, names: list[str]) -> dict[str, Any]:
    """One unit with the effects of turning it off: (n, Q) changes."""
    n = len(change)
    mean, spread = change.mean(0), change.std(0, ddof=1)
    margin = stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n)
    scale = np.maximum(start.std(0), 1e-9)
    rows = [
        {
            "quantity": name,
            "change": float(mean[q]),
            "low": float(mean[q] - margin[q]),
            "high": float(mean[q] + margin[q]),
            "standardised": float(mean[q] / scale[q]),
        }
        for q, name in enumerate(names)
        if abs(mean[q]) > margin[q]
    ]
    rows.sort(key=lambda r: -abs(float(r["standardised"])))  # type: ignore[arg-type]
    own = {k: getattr(unit, k) for k in ("unit", "segment", "iou", "control", "quantile")}
    return {**own, "off": rows[:6]}
