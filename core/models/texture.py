"""Fine texture that a decoder leaves out, drawn by a small network from the image and noise.

An autoencoder with few latents draws the mean of what it cannot know: soft images. As in texture
synthesis with a noise input (Ulyanov et al. 2016; per-pixel noise as in StyleGAN, Karras et al.
2019), a network adds a residual to the decoded image, trained to have the local statistics of the
real one. Only detail is added: what is coarser than about eight pixels stays as decoded. It says
nothing about a patient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from core.models.base import noise

FOLD = 4  # 4×4 pixels as channels: no convolution at full resolution, fast on a CPU
MAPS = 2  # independent noise values per pixel
OCTAVES = 3  # of detail that may be added, the finest first


class Texture(nn.Module):
    """Adds texture to decoded images.

    Args:
        width: channels of the hidden layers.
        blocks: residual blocks, each of two 3×3 convolutions.
    """

    def __init__(self, width: int = 64, blocks: int = 2) -> None:
        super().__init__()
        self.first = nn.Conv2d((3 + MAPS) * FOLD**2, width, 3, 1, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.SiLU(), nn.Conv2d(width, width, 3, 1, 1),
                nn.SiLU(), nn.Conv2d(width, width, 3, 1, 1),
            )
            for _ in range(blocks)
        )  # fmt: skip
        self.last = nn.Conv2d(width, 3 * FOLD**2, 3, 1, 1)
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(
        self, y: torch.Tensor, seeds: Sequence[int] | None = None, grey: bool = False
    ) -> torch.Tensor:
        """Add texture to decoded images.

        Args:
            y: (N, 3, S, S).
            seeds: one per image; seed 0 for all where left out, so that a moved slider changes the
                image and not its noise.
            grey: whether the images are grey; they then stay so.

        Returns:
            (N, 3, S, S), not clipped.
        """
        drawn = noise((MAPS, *y.shape[2:]), list(seeds) if seeds else [0]).to(y)
        return self.add(y, drawn.expand(len(y), -1, -1, -1), grey)

    def add(self, y: torch.Tensor, drawn: torch.Tensor, grey: bool) -> torch.Tensor:
        """As `forward`, with given noise (N, MAPS, S, S)."""
        x = self.first(F.pixel_unshuffle(torch.cat([y, drawn], 1), FOLD))
        for block in self.blocks:
            x = x + block(x)
        residual = F.pixel_shuffle(self.last(F.silu(x)), FOLD)
        if grey:
            residual = residual.mean(1, keepdim=True).expand_as(y)
        return y + detail(residual)


def blur(x: torch.Tensor, spacing: int = 1) -> torch.Tensor:
    """Binomial 5-tap blur of (N, C, S, S) whose taps lie `spacing` pixels apart."""
    taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=x.device, dtype=x.dtype) / 16
    channels = x.shape[1]
    for shape, padding in (((1, 1, 5, 1), (0, 1)), ((1, 1, 1, 5), (1, 0))):
        kernel = taps.view(shape).expand(channels, -1, -1, -1)
        pad = (2 * spacing * padding[0],) * 2 + (2 * spacing * padding[1],) * 2
        padded = F.pad(x, pad, mode="reflect")
        x = F.conv2d(padded, kernel, groups=channels, dilation=spacing)
    return x


def octaves(x: torch.Tensor, count: int = OCTAVES) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Octaves of detail by the à trous wavelet transform (Holschneider et al. 1990).

    Args:
        x: (N, C, S, S).
        count: how many.

    Returns:
        The octaves, the finest first, and what is left; their sum is x.
    """
    found = []
    for k in range(count):
        smooth = blur(x, 2**k)
        found.append(x - smooth)
        x = smooth
    return found, x


def detail(x: torch.Tensor) -> torch.Tensor:
    """The part of (N, C, S, S) in the finest `OCTAVES` octaves."""
    return x - octaves(x)[1]
