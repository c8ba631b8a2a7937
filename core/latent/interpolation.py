"""Paths between two latents; the end points are exact."""

from __future__ import annotations

from collections.abc import Callable

import torch

Blend = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]


def lerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """Straight line from `a` (t = 0) to `b` (t = 1); for W, where no length is preferred."""
    if t in (0, 1):
        return (b if t else a).clone()
    return torch.lerp(a, b, t)


def slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """Great circle from `a` to `b` over the last axis, the length blended on the way; for Z.

    Shoemake 1985, eq. 1. A straight line through Z would pass codes shorter than any that the
    generator was trained on. Parallel or opposite codes fall back to the straight line.
    """
    if t in (0, 1):
        return (b if t else a).clone()
    long_a, long_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / long_a.clamp_min(1e-12), b / long_b.clamp_min(1e-12)
    angle = torch.acos((unit_a * unit_b).sum(-1, keepdim=True).clamp(-1, 1))
    sine = torch.sin(angle)
    flat = sine < 1e-5
    weight_a = torch.sin((1 - t) * angle) / sine.clamp_min(1e-12)
    weight_b = torch.sin(t * angle) / sine.clamp_min(1e-12)
    curved = (weight_a * unit_a + weight_b * unit_b) * torch.lerp(long_a, long_b, t)
    return torch.where(flat, torch.lerp(a, b, t), curved)


def path(a: torch.Tensor, b: torch.Tensor, frames: int, blend: Blend = lerp) -> torch.Tensor:
    """`frames` latents from `a` to `b`, both included, (frames, *a.shape).

    Raises:
        ValueError: fewer than two frames.
    """
    if frames < 2:
        raise ValueError("A path needs at least two frames.")
    return torch.stack([blend(a, b, i / (frames - 1)) for i in range(frames)])


def path_length(images: torch.Tensor, features: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """Length of a film strip in feature space, the sum of the steps' distances.

    The discrete form of the perceptual path length (Karras et al. 2019, sec. 4.1), with the
    in-domain features instead of VGG.

    Args:
        images: (frames, C, S, S).
        features: images to (frames, F).
    """
    found = features(images)
    return float((found[1:] - found[:-1]).norm(dim=1).sum())
