"""Counterfactual: the nearest generated change of an image that flips the class.

Gradient search in the latents of the shared autoencoder (as in latent counterfactuals, e.g.
Dombrowski et al. 2023): cross-entropy towards the wanted class plus a proximity penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.errors import CheckpointError
from core.explain.explainable import Explainable
from core.explain.metrics.table import as_input
from core.explain.service import open_model
from core.models.base import Progress
from core.registry import Registry

AUTOENCODER = "shared/autoencoder-128"


@dataclass(frozen=True)
class Counterfactual:
    """A changed image and what was changed.

    Attributes:
        original: what the model saw, (S, S, C) uint8.
        reconstruction: the autoencoder's version of it, which the change starts from.
        changed: the counterfactual, (S, S, C) uint8.
        difference: changed less reconstruction in [-1, 1], mean over channels, (S, S) float32.
        before, after: P(wanted) of the reconstruction and of the counterfactual.
        wanted: the class it was changed to.
        flipped: whether the wanted class is now the answer (`after` reached the aim).
        distance: root mean square of the change of the latents (their deviation is about 1).
        steps: gradient steps used.
    """

    original: np.ndarray
    reconstruction: np.ndarray
    changed: np.ndarray
    difference: np.ndarray
    before: float
    after: float
    wanted: str
    flipped: bool
    distance: float
    steps: int


def search(
    model: Explainable,
    autoencoder: Any,
    x: torch.Tensor,
    steps: int = 60,
    rate: float = 0.05,
    proximity: float = 0.5,
    aim: float = 0.8,
    progress: Progress | None = None,
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Move latents until P(target) reaches `aim`, staying near.

    Args:
        model: its target is the wanted class.
        autoencoder: with `encode` and `decode`.
        x: the image, (1, C, S, S).
        steps: at most.
        rate: of Adam, in latent deviations.
        proximity: weight of the latents' squared change.
        aim: P(target) at which the search ends.
        progress: called with the share of steps done.

    Returns:
        Start and end images (1, C, S, S), and the steps used.
    """
    with torch.no_grad():
        start = autoencoder.encode(x)
        first = autoencoder.decode(start, x.shape[1])
    change = torch.zeros_like(start, requires_grad=True)
    optimiser = torch.optim.Adam([change], lr=rate)
    image, used = first, 0
    for used in range(1, steps + 1):
        if progress:
            progress((used - 1) / steps, None)
        with torch.enable_grad():
            image = autoencoder.decode(start + change, x.shape[1]).clamp(-1, 1)
            chance = model.probability(image)
            if float(chance.detach()) >= aim:
                break
            loss = -chance.clamp_min(1e-6).log().sum() + proximity * change.square().sum() / 16
        (change.grad,) = torch.autograd.grad(loss, change)
        optimiser.step()
    return first, image.detach(), used


def counterfactual(
    registry: Registry,
    model: str,
    image: np.ndarray,
    wanted: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Counterfactual:
    """Find the nearest change of an image that makes a model answer `wanted`.

    Args:
        registry: where the model and the shared autoencoder are.
        model: a classifier or detector.
        image: decoded image, as for `explain`.
        wanted: class to reach; the second most probable one by default.
        progress: called with the share done; may raise `CancelledError`.
        **options: of `search`.

    Raises:
        CheckpointError: the model or the autoencoder is missing.
        ExplainError: no such class.
    """
    scored = open_model(registry, model)
    pixels = scored.preprocessing.pixels(image)
    x = as_input(scored, pixels)
    if wanted is None:
        order = scored.probabilities(x)[0].argsort()
        wanted = scored.labels[int(order[-2])] if len(scored.labels) > 1 else scored.labels[0]
    scored = scored.towards(wanted)
    autoencoder: Any = registry.get(AUTOENCODER).module
    if scored.preprocessing.size % 8:
        raise CheckpointError("Counterfactuals need a model whose input side is a multiple of 8.")
    first, last, used = search(scored, autoencoder, x, progress=progress, **options)
    with torch.no_grad():
        before, after = (float(scored.probability(i)) for i in (first, last))
        moved = autoencoder.encode(last) - autoencoder.encode(first)
    show = scored.preprocessing.denormalise
    difference = ((last - first) / 2).mean(1)[0].cpu().numpy()
    return Counterfactual(
        original=pixels,
        reconstruction=show(first)[0],
        changed=show(last)[0],
        difference=difference,
        before=before,
        after=after,
        wanted=wanted,
        flipped=after > 0.5,
        distance=float(moved.square().mean().sqrt()),
        steps=used,
    )
