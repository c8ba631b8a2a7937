"""ResNet generator of CycleGAN: two strided convolutions, residual blocks, two upsamplings."""

from __future__ import annotations

import torch
from torch import nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with instance norm, added to their input (Johnson et al. 2016)."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, width, H, W) to the same shape."""
        return x + self.body(x)


def _layer(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(
        inputs, outputs, kernel, stride, kernel // 2, padding_mode="reflect", bias=False
    )
    return nn.Sequential(convolution, nn.InstanceNorm2d(outputs), nn.ReLU(inplace=True))


class ResnetGenerator(nn.Module):
    """One direction of a translation (Zhu et al. 2017, sec. 7.2).

    Upsampling is nearest-neighbour before a convolution instead of a transposed convolution,
    which leaves no checkerboard (Odena et al. 2016). Some blocks are dilated: whether a dark spot
    of an MRI is bone or air is told by its wider surroundings.

    Args:
        width: channels at full resolution; four times as many in the residual blocks.
        dilations: one residual block each.
    """

    def __init__(self, width: int = 32, dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 1)) -> None:
        super().__init__()
        self.down = nn.Sequential(
            _layer(1, width, 7),
            _layer(width, 2 * width, 3, 2),
            _layer(2 * width, 4 * width, 3, 2),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width, d) for d in dilations))
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2),
            _layer(4 * width, 2 * width, 3),
            nn.Upsample(scale_factor=2),
            _layer(2 * width, width, 3),
            nn.Conv2d(width, 1, 7, padding=3, padding_mode="reflect"),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, S, S) in [-1, 1] to (N, 1, S, S) in [-1, 1], S a multiple of 4."""
        return torch.tanh(self.up(self.blocks(self.down(x))).float())
