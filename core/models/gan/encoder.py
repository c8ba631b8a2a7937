"""Encoder from images into a generator's Z space, for a VAE start and for inversion."""

from __future__ import annotations

import torch
from torch import nn

from core.models.gan.critic import Down
from core.models.gan.layers import EqualConv, EqualLinear, act


class Encoder(nn.Module):
    """Class-conditional Gaussian encoder q(z | x, class) of a VAE (Kingma and Welling 2014).

    Args:
        channels: of the input grid.
        classes: number of classes.
        widths: channels at 4x4, 8x8, ... up to the full side.
        z_dim: width of z.
    """

    def __init__(self, channels: int, classes: int, widths: list[int], z_dim: int) -> None:
        super().__init__()
        self.input = EqualConv(channels, widths[-1], 1)
        self.downs = nn.Sequential(
            *(Down(widths[i], widths[i - 1]) for i in range(len(widths) - 1, 0, -1))
        )
        self.embed = nn.Embedding(classes, widths[0])
        self.dense = EqualLinear(widths[0] * 16, widths[0])
        self.out = EqualLinear(widths[0], 2 * z_dim, gain=0.3)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, channels, S, S) and (N,) to the mean and log variance of z, (N, z_dim) each."""
        h = self.dense(self.downs(act(self.input(x))).flatten(1))
        mean, log_variance = self.out(act(h + self.embed(labels))).chunk(2, 1)
        return mean, log_variance.clamp(-8, 4)
