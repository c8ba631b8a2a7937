"""Insertion and deletion curves (RISE, Petsiuk et al. 2018, sec. 3.3)."""

from __future__ import annotations

import numpy as np
import torch

from core.explain.baselines import blurred, mean
from core.explain.explainable import Explainable
from core.explain.gradients import probabilities


def ranks(maps: np.ndarray) -> torch.Tensor:
    """Rank of every pixel by decreasing value as a share, (M, S, S) in (0, 1]."""
    flat = torch.as_tensor(maps).flatten(1)
    order = flat.argsort(dim=1, descending=True, stable=True)
    rank = torch.empty_like(order)
    rank.scatter_(1, order, torch.arange(1, flat.shape[1] + 1).expand_as(order))
    return (rank.float() / flat.shape[1]).reshape(maps.shape)


def curves(
    model: Explainable, x: torch.Tensor, maps: np.ndarray, steps: int, batch: int
) -> tuple[np.ndarray, np.ndarray]:
    """P(target) while the strongest pixels are inserted, and while they are deleted.

    Insertion starts from the blurred image; deletion ends at the image's mean colour.

    Args:
        model: what was explained.
        x: the image, (1, C, S, S).
        maps: M maps, (M, S, S).
        steps: points per curve, from no pixel to all of them.
        batch: images per pass.

    Returns:
        Insertion and deletion curves, (M, steps) each.
    """
    rank = ranks(maps).to(x.device)[:, None, None]  # (M, 1, 1, S, S)
    levels = torch.linspace(0, 1, steps, device=x.device)[1:-1].reshape(1, -1, 1, 1, 1)
    chosen = rank <= levels  # (M, steps - 2, 1, S, S)
    grounds = blurred(x, model.preprocessing), mean(x, model.preprocessing)
    images = [
        torch.where(keep, x[:, None], ground[:, None]).flatten(0, 1)
        for ground, keep in zip(grounds, (chosen, ~chosen))
    ]
    # No pixel and every pixel look alike for all maps.
    values = probabilities(model, torch.cat([x, *grounds, *images]), batch).cpu()
    whole, blank, flat = values[:3].expand(len(maps), 3).unbind(1)
    inserted, deleted = values[3:].reshape(2, len(maps), -1)
    insertion = torch.cat([blank[:, None], inserted, whole[:, None]], 1)
    deletion = torch.cat([whole[:, None], deleted, flat[:, None]], 1)
    return insertion.numpy(), deletion.numpy()


def area(curve: np.ndarray) -> np.ndarray:
    """Area under curves (M, steps) over the share of pixels, (M,), by the trapezoid rule."""
    return np.trapezoid(curve, dx=1 / (curve.shape[1] - 1), axis=1)
