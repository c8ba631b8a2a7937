"""Layers that several GAN families share."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


class EqualLinear(nn.Module):
    """Linear layer whose He scaling is applied at run time (Karras et al. 2018, sec. 4.1).

    Args:
        inputs, outputs: widths.
        bias: start value of the bias.
        rate: learning-rate multiplier (below 1 for the mapping network).
        gain: multiplies the He scale.
    """

    def __init__(
        self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.rate = rate
        self.scale = gain * rate / math.sqrt(inputs)

    def effective(self) -> torch.Tensor:
        """The weight as it acts, (outputs, inputs)."""
        return self.weight * self.scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs) to (N, outputs)."""
        return F.linear(x, self.effective(), self.bias * self.rate)


class EqualConv(nn.Module):
    """Convolution with run-time He scaling; odd kernels keep the size, `stride` 2 halves it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        padding = self.weight.shape[-1] // 2
        return F.conv2d(x, self.weight * self.scale, self.bias, self.stride, padding)


class ModulatedConv(nn.Module):
    """Convolution whose input channels are scaled by a style, then demodulated.

    Karras et al. 2020, sec. 2.2: scaling the activations before and after one shared convolution
    (eq. 1 and 3 moved from the weights to the activations) gives the same result as one kernel
    per image, and runs as an ordinary convolution.

    Args:
        inputs, outputs, kernel: of the convolution.
        w_dim: width of the style vector.
        up: double the resolution by a transposed convolution and a [1, 3, 3, 1] filter.
        demodulate: normalise the outputs' expected deviation (left out for RGB layers).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        w_dim: int,
        up: bool = False,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = 1 / math.sqrt(inputs * kernel * kernel)
        self.up = up
        self.demodulate = demodulate

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) and (N, w_dim) to (N, outputs, H, W), or twice the side if `up`."""
        style = self.affine(w)  # (N, inputs)
        weight = self.weight * self.scale
        x = x * style[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)  # side 2H + 1
            x = smooth(x, gain=4.0)
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.demodulate:  # eq. 3
            norm = torch.rsqrt(style.square() @ weight.square().sum((2, 3)).T + 1e-8)
            x = x * norm[:, :, None, None]
        return x + self.bias[:, None, None]


class SelfAttention(nn.Module):
    """Self-attention over positions, added with a learned weight that starts at 0 (SAGAN).

    Zhang et al. 2019, eq. 1 to 3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = max(channels // 8, 4)
        self.project = EqualConv(channels, 2 * self.inner + channels, 1)
        self.out = EqualConv(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        n, channels, height, width = x.shape
        flat = self.project(x).flatten(2)  # (N, 2 * inner + C, H * W)
        query, key, value = flat.split([self.inner, self.inner, channels], 1)
        # Plain products instead of the fused kernel: gradient penalties differentiate twice.
        weights = torch.softmax(query.transpose(1, 2) @ key / math.sqrt(self.inner), -1)
        mixed = (value @ weights.transpose(1, 2)).reshape(n, channels, height, width)
        return x + self.gamma * self.out(mixed)


def smooth(x: torch.Tensor, gain: float = 1.0) -> torch.Tensor:
    """Low-pass filter with the separable kernel [1, 3, 3, 1] / 8; the side shrinks by 1."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], device=x.device, dtype=x.dtype) / 8
    kernel = (line[:, None] * line[None] * gain).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, padding=1, groups=x.shape[1])


def double(x: torch.Tensor) -> torch.Tensor:
    """Twice the side, bilinear."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def act(x: torch.Tensor) -> torch.Tensor:
    """Leaky ReLU scaled to keep the variance (Karras et al. 2020)."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def pixel_norm(x: torch.Tensor) -> torch.Tensor:
    """Unit mean square over channels at every position (Karras et al. 2018, sec. 4.2)."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def minibatch_deviation(x: torch.Tensor, group: int = 4) -> torch.Tensor:
    """Append one channel: the mean deviation over a group of images (Karras et al. 2018, sec. 3).

    (N, C, H, W) to (N, C + 1, H, W); it lets a critic see a lack of variety.
    """
    n, _, height, width = x.shape
    size = next(g for g in range(min(group, n), 0, -1) if n % g == 0)
    grouped = x.reshape(size, n // size, *x.shape[1:])
    deviation = (grouped.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))  # (N / size,)
    channel = deviation.repeat(size)[:, None, None, None].expand(n, 1, height, width)
    return torch.cat([x, channel], 1)
