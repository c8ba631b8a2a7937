"""Changes of texture for a batch on its device: blur, lost resolution, JPEG blocks, local contrast.

Every function takes normalised images (N, C, S, S) and one amount per image, (N,).
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch.nn import functional

# The luminance table of the JPEG standard (ITU-T T.81, table K.1), at quality 50.
_LUMINANCE = (
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 "
    "14 17 22 29 51 87 80 62 18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 "
    "49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"
)


def sharpen(batch: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Add (amount > 0) or take away (amount < 0) that share of the finest detail."""
    return batch + _each(amount) * (batch - smooth(batch))


def smooth(batch: torch.Tensor) -> torch.Tensor:
    """Binomial blur, 5×5: (N, C, S, S) to the same shape."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=batch.device) / 16
    channels = batch.shape[1]
    kernel = (line[:, None] * line[None]).expand(channels, 1, 5, 5).to(batch)
    padded = functional.pad(batch, (2, 2, 2, 2), mode="reflect")
    return functional.conv2d(padded, kernel, groups=channels)


def lose_resolution(batch: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Blend in the image at half its resolution by `share` (0 to 1): another scanner's detail."""
    half = functional.avg_pool2d(batch, 2)
    coarse = functional.interpolate(half, size=batch.shape[2:], mode="bilinear")
    return batch + _each(share) * (coarse - batch)


def local_contrast(batch: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Stretch (amount > 0) or flatten contrast within neighbourhoods of an eighth of the side.

    A linear stand-in for contrast-limited adaptive equalisation (Zuiderveld 1994), as consoles
    of different makers apply it.
    """
    cell = max(1, batch.shape[-1] // 8)
    low = functional.avg_pool2d(batch, cell)
    low = functional.interpolate(low, size=batch.shape[2:], mode="bicubic")
    return low * (1 - 0.3 * _each(amount)) + (batch - low) * (1 + _each(amount))


def jpeg(batch: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """Quantise 8×8 cosine blocks as JPEG does; strength 0 leaves all, 1 is quality 50.

    Channels are treated alike, without chroma subsampling. Sides that 8 does not divide are
    left as they are.
    """
    n, channels, height, width = batch.shape
    if height % 8 or width % 8:
        return batch
    basis, table = _cosines(batch.device), _table(batch.device)
    blocks = (batch * 127.5).float().unfold(2, 8, 8).unfold(3, 8, 8)  # (N, C, h, w, 8, 8)
    coefficients = basis @ blocks @ basis.T
    step = (table * strength.view(n, 1, 1, 1, 1, 1).float()).clamp_min(1e-3)
    back = basis.T @ ((coefficients / step).round() * step) @ basis
    whole = back.permute(0, 1, 2, 4, 3, 5).reshape(n, channels, height, width)
    return (whole / 127.5).to(batch)


@lru_cache(maxsize=4)
def _cosines(device: torch.device) -> torch.Tensor:
    """The orthonormal 8-point DCT-II, (8, 8): rows are frequencies."""
    k = torch.arange(8.0)
    rows = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / 16) / 2
    rows[0] /= math.sqrt(2)
    return rows.to(device)


@lru_cache(maxsize=4)
def _table(device: torch.device) -> torch.Tensor:
    return torch.tensor([float(v) for v in _LUMINANCE.split()], device=device).view(8, 8)


def _each(amount: torch.Tensor) -> torch.Tensor:
    return amount.view(-1, 1, 1, 1)
