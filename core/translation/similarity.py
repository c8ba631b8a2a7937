"""SSIM as a map, so that it can be averaged inside the head alone, and be trained on."""

from __future__ import annotations

import torch
import torch.nn.functional as F

SIDE = 11
SIGMA = 1.5


def ssim_map(x: torch.Tensor, y: torch.Tensor, data_range: float = 1.0) -> torch.Tensor:
    """Structural similarity at each pixel (Wang et al. 2004, eq. 13).

    Gaussian window of 11 pixels, deviation 1.5, mirrored borders: the paper's settings.

    Args:
        x, y: (N, 1, S, S) float32.
        data_range: largest minus smallest possible value.

    Returns:
        (N, 1, S, S), 1 where both are alike.
    """
    steps = torch.arange(SIDE, device=x.device, dtype=x.dtype) - SIDE // 2
    line = torch.exp(-steps.square() / (2 * SIGMA**2))
    line = line / line.sum()

    def blur(z: torch.Tensor) -> torch.Tensor:
        z = F.pad(z, [SIDE // 2] * 4, mode="reflect")
        kernel = line.expand(z.shape[1], 1, 1, SIDE)
        z = F.conv2d(z, kernel, groups=z.shape[1])
        return F.conv2d(z, kernel.transpose(2, 3), groups=z.shape[1])

    moments = blur(torch.cat([x, y, x * x, y * y, x * y], 1))
    mean_x, mean_y, xx, yy, xy = moments.split(1, 1)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    spread = (xx - mean_x**2) + (yy - mean_y**2) + c2
    return luminance * (2 * (xy - mean_x * mean_y) + c2) / spread


def inside(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of (N, 1, S, S) values where the mask (same shape, 0 to 1) is, per image: (N,)."""
    weight = mask.sum((1, 2, 3)).clamp(min=1e-6)
    return (values * mask).sum((1, 2, 3)) / weight
