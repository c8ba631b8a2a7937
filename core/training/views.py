"""Random views of images for self-supervised training: one batched affine sampling and tones."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def _uniform(n: int, low: float, high: float) -> torch.Tensor:
    return torch.rand(n) * (high - low) + low


def affine(n: int, mirror: torch.Tensor, turn: torch.Tensor, smallest: float) -> torch.Tensor:
    """Random crops as matrices for `affine_grid`.

    Args:
        n: number of images.
        mirror: (N,) bool, images that may be flipped.
        turn: (N,) largest rotation either way, in degrees.
        smallest: shortest side of a crop, as a share of the image's.

    Returns:
        (N, 2, 3).
    """
    scale = _uniform(n, smallest, 1.0)
    stretch = torch.exp(_uniform(n, -0.15, 0.15))
    angle = _uniform(n, -1, 1) * turn * math.pi / 180
    flip = torch.where(mirror & (torch.rand(n) < 0.5), -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = torch.stack(
        [cos * scale * stretch * flip, -sin * scale, sin * scale * flip, cos * scale / stretch], 1
    )
    shift = (torch.rand(n, 2, 1) * 2 - 1) * (1 - scale)[:, None, None]
    return torch.cat([rows.reshape(n, 2, 2), shift], 2)


def view(
    images: torch.Tensor,
    mirror: torch.Tensor,
    turn: torch.Tensor,
    size: int,
    smallest: float = 0.5,
) -> torch.Tensor:
    """One random view of each image: crop, rotation, brightness, contrast, tint, blur, noise.

    Args:
        images: (N, 3, H, W) normalised to about [-1, 1].
        mirror: (N,) bool, images that may be flipped left-right.
        turn: (N,) largest rotation in degrees.
        size: side of the views in pixels.
        smallest: shortest side of a crop, as a share of the image's.

    Returns:
        (N, 3, size, size) in about [-1, 1].
    """
    n = len(images)
    theta = affine(n, mirror, turn, smallest)
    grid = F.affine_grid(theta, [n, 3, size, size], align_corners=False).to(images.device)
    x = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    blur = torch.where(torch.rand(n) < 0.3, torch.rand(n), torch.zeros(n))
    noise = torch.where(torch.rand(n) < 0.3, _uniform(n, 0, 0.08), torch.zeros(n))
    tint = _uniform(3 * n, -0.08, 0.08).reshape(n, 3, 1, 1)
    grey = (images[:, :1] == images[:, 1:2]).all((1, 2, 3)).cpu()
    tint = torch.where(grey[:, None, None, None], tint[:, :1], tint)
    gain, shift = _uniform(n, 0.7, 1.3), _uniform(n, -0.2, 0.2)

    def each(values: torch.Tensor) -> torch.Tensor:
        return values[:, None, None, None].to(images.device)

    x = torch.lerp(x, soft, each(blur)) * each(gain) + each(shift) + tint.to(images.device)
    grain = torch.randn(n, 1, size, size, device=images.device)
    return (x + grain * each(noise)).clamp(-1, 1)
