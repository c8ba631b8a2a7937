"""Patch critic: judges overlapping patches, for the adversarial finish of a decoder."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


class PatchCritic(nn.Module):
    """PatchGAN discriminator (Isola et al. 2017) with spectral norm (Miyato et al. 2018).

    Args:
        channels: of the images.
        width: channels after the first convolution.
    """

    def __init__(self, channels: int = 3, width: int = 32) -> None:
        super().__init__()
        sizes = [channels, width, 2 * width, 4 * width]
        self.blocks = nn.ModuleList(
            nn.Sequential(spectral_norm(nn.Conv2d(a, b, 4, 2, 1)), nn.LeakyReLU(0.2))
            for a, b in zip(sizes, sizes[1:])
        )
        self.score = spectral_norm(nn.Conv2d(sizes[-1], 1, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """(N, C, S, S) to patch scores (N, 1, S/8, S/8) and the features of each block."""
        features = []
        for block in self.blocks:
            x = block(x)
            features.append(x)
        return self.score(x), features
