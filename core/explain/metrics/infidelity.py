"""Infidelity (Yeh et al. 2019) by Captum, with square removal as the perturbation."""

from __future__ import annotations

import numpy as np
import torch

from core.explain.baselines import mean
from core.explain.explainable import Explainable
from core.explain.gradients import scores


def squares(side: int, share: float, count: int, seed: int) -> torch.Tensor:
    """Random square masks, (count, 1, side, side) of 0 and 1."""
    width = max(1, round(share * side))
    random = torch.Generator().manual_seed(seed)
    corners = torch.randint(0, side - width + 1, (count, 2), generator=random)
    masks = torch.zeros(count, 1, side, side)
    for mask, (top, left) in zip(masks, corners.tolist()):
        mask[:, top : top + width, left : left + width] = 1
    return masks


def infidelity(
    model: Explainable,
    x: torch.Tensor,
    maps: np.ndarray,
    share: float,
    count: int,
    batch: int,
    seed: int,
) -> np.ndarray:
    """Share of the score changes that a map does not explain, by definition 2.1 of the paper.

    Removing a square (mean colour instead) should change the score by the map's sum in it. The
    map's scale is free (the paper's optimal scaling), and the mean squared error is divided by
    the mean squared change of score, so that models and methods compare.

    Args:
        model: what was explained.
        x: the image, (1, C, S, S).
        maps: M maps, (M, S, S).
        share: side of a square as a share of the image's.
        count: squares.
        batch: images per pass.
        seed: of the squares.

    Returns:
        (M,) in [0, 1]: 0 explains every change, 1 explains none.
    """
    from captum.metrics import infidelity as captum_infidelity  # a second to import

    masks = squares(x.shape[-1], share, count, seed).to(x)
    removed = torch.where(masks > 0, mean(x, model.preprocessing), x)
    # Captum asks for every map at every square; the images are the same for all maps.
    changed, whole = scores(model, removed, batch), scores(model, x, batch)
    channels = x.shape[1]
    found = captum_infidelity(
        lambda images: (
            whole.expand(len(images)) if len(images) == len(maps) else changed.repeat(len(maps))
        ),
        lambda images: (
            masks.expand(-1, channels, -1, -1).repeat(len(maps), 1, 1, 1),
            removed.repeat(len(maps), 1, 1, 1),
        ),
        x.expand(len(maps), -1, -1, -1),
        (torch.as_tensor(maps)[:, None] / channels).to(x).expand(-1, channels, -1, -1),
        n_perturb_samples=count,
        normalize=True,
    )
    power = (whole - changed).square().mean().clamp_min(1e-12)
    return (found / power).cpu().numpy()
