"""ROAD: remove and debias (Rong et al. 2022): removed pixels are imputed, not blackened."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from core.explain.explainable import Explainable
from core.explain.gradients import probabilities
from core.explain.metrics.deletion import ranks


def _neighbours(u: torch.Tensor) -> torch.Tensor:
    """Weighted sum of the eight neighbours, twelfths: 2 for direct ones, 1 for diagonal ones."""
    wide = F.pad(u, (1, 1, 1, 1))
    rows = wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]
    return (rows[..., :-2, :] + 2 * rows[..., 1:-1, :] + rows[..., 2:, :] - 4 * u) / 12


def _first_guess(x: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Pull-push: unknown pixels take the mean of the known ones around, however far those are."""
    total, weight = x * known, known
    if x.shape[-1] > 1:
        side = (x.shape[-1] + 1) // 2
        small = F.adaptive_avg_pool2d(total, side)
        seen = F.adaptive_avg_pool2d(weight, side)
        coarse = _first_guess(small / seen.clamp_min(1e-6), (seen > 0).to(x))
        filled = F.interpolate(coarse, x.shape[-2:], mode="bilinear", align_corners=False)
        return torch.where(known > 0, x, filled)
    return torch.where(known > 0, x, torch.zeros_like(x))


def impute(x: torch.Tensor, known: torch.Tensor, iterations: int = 24) -> torch.Tensor:
    """Every unknown pixel becomes the weighted mean of its eight neighbours (eq. 4 of ROAD).

    Direct neighbours weigh twice as much as diagonal ones. The linear system is solved by
    conjugate gradients for all images at once.

    Args:
        x: (N, C, S, S).
        known: (N, 1, S, S), 1 for pixels that stay and 0 for those to impute.
        iterations: of conjugate gradients, from a multi-scale first guess.

    Returns:
        (N, C, S, S).
    """
    known = known.to(x)
    hole = 1 - known
    degree = _neighbours(torch.ones_like(known))
    u = _first_guess(x, known.expand_as(x))

    def laplacian(v: torch.Tensor) -> torch.Tensor:
        return hole * (degree * v - _neighbours(v))

    residual = -laplacian(u)
    direction = residual.clone()
    power = residual.square().sum((2, 3), keepdim=True)
    for _ in range(iterations):
        image = laplacian(direction)
        step = power / (direction * image).sum((2, 3), keepdim=True).clamp_min(1e-12)
        u, residual = u + step * direction, residual - step * image
        fresh = residual.square().sum((2, 3), keepdim=True)
        direction = residual + fresh / power.clamp_min(1e-12) * direction
        power = fresh
    return u


def road(
    model: Explainable,
    x: torch.Tensor,
    maps: np.ndarray,
    shares: tuple[float, ...],
    batch: int,
    seed: int,
) -> np.ndarray:
    """P(target) with the weakest pixels removed less that with the strongest, mean over shares.

    Args:
        model: what was explained.
        x: the image, (1, C, S, S).
        maps: M maps, (M, S, S).
        shares: of pixels removed.
        batch: images per pass.
        seed: of the small noise on imputed pixels, which keeps the mask from leaking.

    Returns:
        (M,) in [-1, 1]; about 0 for a map that knows nothing, higher is better.
    """
    rank = ranks(maps).to(x.device)[:, None]
    strongest = torch.stack([rank > share for share in shares], 1)  # (M, P, 1, S, S) kept
    weakest = torch.stack([rank <= 1 - share for share in shares], 1)
    known = torch.cat([weakest, strongest]).flatten(0, 1)
    random = torch.Generator().manual_seed(seed)
    noise = 0.02 * torch.randn(x.shape, generator=random).to(x)
    values = []
    for part in known.split(batch):
        images = impute(x.expand(len(part), -1, -1, -1), part) + noise * (~part)
        values.append(probabilities(model, images, batch))
    kept, removed = torch.cat(values).reshape(2, len(maps), len(shares)).mean(2)
    return (kept - removed).cpu().numpy()
