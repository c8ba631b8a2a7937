"""Adaptive discriminator augmentation (Karras et al. 2020b), for pixels and for latents."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


class AdaptiveAugment:
    """Differentiable augmentations whose probability follows the critic's overfitting.

    Real and generated images pass through the same augmentations before the critic, so that the
    generator never learns them as long as the probability stays below 1 (sec. 2.2).

    Args:
        mirror: whether left-right flips leave the anatomy plausible.
        target: wished mean sign of the critic's scores on real images (r_t, sec. 3).
        ramp: images after which the probability could move from 0 to 1.
        limit: highest probability.
        probability: at the start.
    """

    def __init__(
        self,
        mirror: bool,
        target: float = 0.6,
        ramp: int = 100_000,
        limit: float = 0.8,
        probability: float = 0.0,
    ) -> None:
        self.mirror = mirror
        self.target = target
        self.ramp = ramp
        self.limit = limit
        self.probability = probability

    def update(self, real_scores: torch.Tensor) -> float:
        """Move the probability by the sign of r_t minus its target; returns r_t (eq. 1)."""
        overfitting = float(real_scores.detach().sign().mean())
        step = math.copysign(len(real_scores) / self.ramp, overfitting - self.target)
        self.probability = min(max(self.probability + step, 0.0), self.limit)
        return overfitting

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Augment (N, C, S, S); the same shape, differentiable in x."""
        if self.probability <= 0:
            return x
        x = _warp(x, self.probability, self.mirror)
        x = _recolour(x, self.probability)
        return _cut(x, self.probability)


def _chosen(n: int, probability: float, device: torch.device) -> torch.Tensor:
    """(N,) 1.0 with the given probability, else 0.0."""
    return (torch.rand(n, device=device) < probability).float()


def _warp(x: torch.Tensor, p: float, mirror: bool) -> torch.Tensor:
    """Shift by up to 1/8, turn by up to 15 degrees, scale by up to 1.2, flip where allowed."""
    n, device = len(x), x.device
    turn = _chosen(n, p, device) * (torch.rand(n, device=device) - 0.5) * math.radians(30)
    scale = torch.exp(_chosen(n, p, device) * torch.randn(n, device=device) * math.log(1.2) / 2)
    flip = 1 - 2 * _chosen(n, p * mirror / 2, device)
    shift = _chosen(n, p, device)[:, None] * (torch.rand(n, 2, device=device) - 0.5) / 2
    cos, sin = scale * turn.cos(), scale * turn.sin()
    rows = torch.stack([flip * cos, -sin, shift[:, 0], flip * sin, cos, shift[:, 1]], 1)
    grid = F.affine_grid(rows.reshape(n, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _recolour(x: torch.Tensor, p: float) -> torch.Tensor:
    """Gain and offset per image and channel, deviation 0.2."""
    n, channels, device = len(x), x.shape[1], x.device
    chosen = _chosen(n, p, device)[:, None, None, None]
    gain = torch.exp(0.2 * torch.randn(n, 1, 1, 1, device=device) * chosen)
    return x * gain + 0.2 * torch.randn(n, channels, 1, 1, device=device) * chosen


def _cut(x: torch.Tensor, p: float) -> torch.Tensor:
    """Set a square of up to half the side to zero (DeVries and Taylor 2017)."""
    n, side, device = len(x), x.shape[-1], x.device
    half = _chosen(n, p, device) * torch.rand(n, device=device) * side / 4
    centre = torch.rand(n, 2, device=device) * side
    line = torch.arange(side, device=device) + 0.5
    inside = (line[None, None] - centre[:, :, None]).abs() < half[:, None, None]  # (N, 2, S)
    hole = inside[:, 0, :, None] & inside[:, 1, None, :]
    return x * (~hole[:, None]).float()
