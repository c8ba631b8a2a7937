"""PatchGAN critic: judges overlapping patches of 70 x 70 pixels."""

from __future__ import annotations

import torch
from torch import nn


class PatchGan(nn.Module):
    """Discriminator of Isola et al. 2017, sec. 6.1.2, with instance norm as in CycleGAN.

    Args:
        width: channels after the first convolution.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inputs, outputs, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [
                nn.Conv2d(inputs * width, outputs * width, 4, stride, 1, bias=False),
                nn.InstanceNorm2d(outputs * width),
                nn.LeakyReLU(0.2),
            ]
        self.features = nn.Sequential(*layers)
        self.score = nn.Conv2d(8 * width, 1, 4, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, S, S) in [-1, 1] to patch scores (N, 1, about S / 8, about S / 8).

        Least-squares scores: 1 is real, 0 is translated.
        """
        return self.score(self.features(x)).float()
