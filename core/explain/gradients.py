"""Gradients of a score at many points: one place for batching, whatever the method."""

from __future__ import annotations

import torch

from core.explain.explainable import Explainable


def input_gradients(
    model: Explainable, points: torch.Tensor, batch: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradient and value of the score at each point.

    Small batches are quicker than one large one on a CPU: their activations stay in the cache
    and their memory is reused instead of mapped afresh.

    Args:
        model: what to differentiate; its weights need no gradient.
        points: (N, C, S, S) normalised images.
        batch: points per pass.

    Returns:
        Gradients (N, C, S, S) and scores (N,), both detached.
    """
    grads, scores = [], []
    for part in points.detach().split(batch):
        part = part.clone().requires_grad_()
        with torch.enable_grad():
            score = model(part)
            (grad,) = torch.autograd.grad(score.sum(), part)
        grads.append(grad)
        scores.append(score.detach())
    return torch.cat(grads), torch.cat(scores)


@torch.no_grad()
def scores(model: Explainable, points: torch.Tensor, batch: int) -> torch.Tensor:
    """The explained score at each of (N, C, S, S) points, (N,)."""
    return torch.cat([model(part) for part in points.split(batch)])


@torch.no_grad()
def probabilities(model: Explainable, points: torch.Tensor, batch: int) -> torch.Tensor:
    """P(target) at each of (N, C, S, S) points, (N,)."""
    return torch.cat([model.probability(part) for part in points.split(batch)])
