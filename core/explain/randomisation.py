"""Sanity check: cascading randomisation of the weights (Adebayo et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from core.explain import engine
from core.explain.base import Settings
from core.explain.explainable import Explainable
from core.explain.metrics.agreement import Comparable


def layers(module: nn.Module) -> list[nn.Module]:
    """Modules with weights of their own, from the output back to the input."""
    return [m for m in module.modules() if list(m.parameters(recurse=False))][::-1]


@torch.no_grad()
def destroy(layer: nn.Module, random: torch.Generator) -> None:
    """Replace a layer's own weights by normal noise of their size.

    Matrices and kernels get zero mean, as at the start of training, and the same mean square;
    biases and norms keep their mean and spread, so that no activation dies by that alone.
    """
    for weights in layer.parameters(recurse=False):
        noise = torch.randn(weights.shape, generator=random).to(weights)
        if weights.ndim > 1:
            weights.copy_(weights.square().mean().sqrt() * noise)
        else:
            weights.copy_(weights.mean() + weights.std(correction=0) * noise)


def randomisation_curve(
    model: Explainable,
    x: torch.Tensor,
    methods: Iterable[str],
    settings: Settings,
    stages: int = 5,
    smoothing: float = 0.03,
    original: dict[str, np.ndarray] | None = None,
) -> dict[str, list[float]]:
    """Likeness of each method's map to the original while ever more layers are destroyed.

    A map that explains the model must change; one that stays near 1 shows the image instead.
    The shared model is never touched: a full copy is destroyed.

    Args:
        model: what is explained.
        x: the image, (1, C, S, S).
        methods: ids.
        settings: of the methods.
        stages: steps from the last layer alone to all layers.
        smoothing: see `MetricSettings`.
        original: maps of the intact model at the same settings, where they are known.

    Returns:
        Spearman correlation per method, stages + 1 values that begin with 1 (nothing destroyed).
    """
    methods = list(methods)
    original = original or engine.as_array(engine.maps(model, x, methods, settings))
    intact = {name: Comparable(original[name], smoothing) for name in methods}
    copy = model.cloned()
    random = torch.Generator().manual_seed(settings.seed)
    curve: dict[str, list[float]] = {name: [1.0] for name in methods}
    for group in np.array_split(np.arange(len(all_layers := layers(copy.module))), stages):
        for index in group:
            destroy(all_layers[index], random)
        found = engine.as_array(engine.maps(copy, x, methods, settings))
        for name in methods:
            curve[name].append(intact[name].spearman(Comparable(found[name], smoothing)))
    return curve
