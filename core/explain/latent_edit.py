"""An image changed along a model's own gradient, in the latents of the shared autoencoder."""

from __future__ import annotations

from typing import Any

import torch

from core.explain.explainable import Explainable
from core.models.base import Progress


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
    """Move latents along the model's gradient until P(target) reaches `aim`, staying near.

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
        Start and end latents (1, L, s, s), and the steps used.
    """
    with torch.no_grad():
        start = autoencoder.encode(x)
    change = torch.zeros_like(start, requires_grad=True)
    optimiser = torch.optim.Adam([change], lr=rate)
    end, used = start, 0
    for used in range(steps + 1):
        if progress:
            progress(used / (steps + 1), None)
        end = (start + change).detach()
        with torch.enable_grad():
            image = autoencoder.decode(start + change, x.shape[1]).clamp(-1, 1)
            chance = model.probability(image)
            if float(chance.detach()) >= aim or used == steps:
                break
            loss = -chance.clamp_min(1e-6).log().sum() + proximity * change.square().sum() / 16
        (change.grad,) = torch.autograd.grad(loss, change)
        optimiser.step()
    return start, end, used
