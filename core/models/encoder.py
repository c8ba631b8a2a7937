"""Small residual encoder: images of every domain to one feature space, trained without labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from core.models.base import Load, family
from core.preprocessing import Preprocessing


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around a shortcut (He et al. 2016, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride), nn.Conv2d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        inner = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(inner + self.shortcut(x))


class Encoder(nn.Module):
    """Residual network on pixel-unshuffled images.

    No convolution runs at full resolution: the first one sees 4×4 pixels as channels, which makes
    the network fast on a CPU without dropping a pixel.

    Args:
        widths: channels of the three stages; the last is the number of features.
        size: side of the images in `features`, in pixels; a multiple of 16.
    """

    def __init__(self, widths: tuple[int, int, int] = (48, 96, 192), size: int = 96) -> None:
        super().__init__()
        self.size = size
        self.dimensions = widths[-1]
        a, b, c = widths
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(4), nn.Conv2d(48, a, 3, 1, 1, bias=False), nn.BatchNorm2d(a)
        )
        self.stages = nn.Sequential(
            ResidualBlock(a, a),
            ResidualBlock(a, b, 2),
            ResidualBlock(b, b),
            ResidualBlock(b, c, 2),
            ResidualBlock(c, c),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised images (N, 3, H, W), H and W multiples of 16, to features (N, D)."""
        return self.stages(F.relu(self.stem(x))).mean((2, 3))

    def prepare(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised images (N, 1 or 3, H, W) of any size to this network's input."""
        if x.shape[-1] != self.size or x.shape[-2] != self.size:
            x = F.interpolate(
                x, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False
            )
        return x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised images (N, 1 or 3, H, W) of any size to features (N, D)."""
        return self(self.prepare(x))


@family("encoder")
def build_encoder(config: dict[str, Any], load: Load) -> nn.Module:
    """Build an `Encoder` from a card's config (`widths`, `size`)."""
    return Encoder(tuple(config.get("widths", (48, 96, 192))), int(config.get("size", 96)))


def batches(pixels: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Cut (N, ...) into pieces of at most `size` images."""
    for start in range(0, len(pixels), size):
        yield pixels[start : start + size]


@torch.inference_mode()
def encode(encoder: Encoder, pixels: np.ndarray, batch: int = 64) -> np.ndarray:
    """Features of many images.

    Args:
        encoder: in evaluation mode.
        pixels: (N, S, S, C) uint8, C of 1 or 3.
        batch: images at a time.

    Returns:
        (N, D) float32.
    """
    device = next(encoder.parameters()).device
    recipe = Preprocessing()
    found = [
        encoder.features(recipe.normalise(part).to(device)).float().cpu().numpy()
        for part in batches(pixels, batch)
    ]
    return np.concatenate(found) if found else np.empty((0, encoder.dimensions), np.float32)
