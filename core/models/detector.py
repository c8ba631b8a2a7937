"""Real or synthetic: an image branch, a high-pass residual branch and a spectrum branch.

High-pass residuals follow Fridrich & Kodovský 2012, the azimuthal spectrum Durall et al. 2020.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from core.models.base import Classifier, Load, family

_HIGH_PASS = (
    ((0, 0, 0), (-1, 2, -1), (0, 0, 0)),
    ((0, -1, 0), (0, 2, 0), (0, -1, 0)),
    ((-1, 2, -1), (2, -4, 2), (-1, 2, -1)),
)


class Residual(nn.Module):
    """Second differences along rows, columns and both: (N, C, S, S) to (N, 3C, S, S)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        kernels = torch.tensor(_HIGH_PASS, dtype=torch.float32)[:, None]  # (3, 1, 3, 3)
        self.register_buffer("kernels", kernels.repeat(channels, 1, 1, 1), persistent=False)
        self.kernels: torch.Tensor
        self.channels = channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Residuals scaled to a range like the image's."""
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return torch.tanh(4 * functional.conv2d(padded, self.kernels, groups=self.channels))


class Spectrum(nn.Module):
    """Azimuthal mean of the log power spectrum: (N, C, S, S) to (N, S/2)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bins = size // 2
        frequency = torch.fft.fftfreq(size) * size
        half = torch.fft.rfftfreq(size) * size
        radius = torch.sqrt(frequency[:, None] ** 2 + half[None] ** 2).round().long()
        place = radius.clamp(max=self.bins).flatten()  # corners share a last bin, left out below
        self.register_buffer("place", place, persistent=False)
        self.register_buffer("count", torch.bincount(place).float(), persistent=False)
        window = torch.hann_window(size, periodic=False)
        self.register_buffer("window", window[:, None] * window[None], persistent=False)
        self.place: torch.Tensor
        self.count: torch.Tensor
        self.window: torch.Tensor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Natural logarithm of mean power per ring of frequency, lowest first."""
        grey = x.float().mean(dim=1)
        grey = (grey - grey.mean(dim=(1, 2), keepdim=True)) * self.window
        power = torch.log(torch.fft.rfft2(grey).abs().square() + 1e-4).flatten(1)
        rings = power.new_zeros(len(x), len(self.count)).index_add(1, self.place, power)
        return (rings / self.count)[:, : self.bins]


def _stage(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def _branch(channels: int, width: int) -> nn.Sequential:
    """(N, C, S, S) to (N, 4·width, S/8, S/8)."""
    return nn.Sequential(
        _stage(channels, width, 2),
        _stage(width, width, 1),
        _stage(width, 2 * width, 2),
        _stage(2 * width, 4 * width, 2),
    )


class Detector(Classifier):
    """Two logits, real and synthetic.

    Args:
        channels: of the input, 1 or 3.
        size: side of the square input in pixels, a multiple of 8.
        width: channels of the branches' first stage.
        dropout: share of fused features dropped in training.
        branches: which of "image", "residual", "spectrum" are used (for ablation).
    """

    def __init__(
        self,
        channels: int,
        size: int = 128,
        width: int = 16,
        dropout: float = 0.2,
        branches: tuple[str, ...] = ("image", "residual", "spectrum"),
    ) -> None:
        super().__init__()
        maps = sum(name in branches for name in ("image", "residual"))
        self.residual = Residual(channels)
        self.image_branch = _branch(channels, width) if "image" in branches else None
        self.residual_branch = _branch(3 * channels, width) if "residual" in branches else None
        self.fusion = nn.Sequential(_stage(4 * width * maps, 6 * width, 1))
        self.spectrum = Spectrum(size) if "spectrum" in branches else None
        self.spectrum_branch = nn.Sequential(
            nn.BatchNorm1d(size // 2), nn.Linear(size // 2, 32), nn.ReLU()
        )
        width_out = 12 * width + (32 if self.spectrum else 0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width_out, 2)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) to means and maxima of the fused maps and the spectrum's features."""
        maps = []
        if self.image_branch is not None:
            maps.append(self.image_branch(x))
        if self.residual_branch is not None:
            maps.append(self.residual_branch(self.residual(x)))
        fused = self.fusion(torch.cat(maps, dim=1))  # (N, 6·width, S/8, S/8)
        found = [fused.mean(dim=(2, 3)), fused.amax(dim=(2, 3))]
        if self.spectrum is not None:
            found.append(self.spectrum_branch(self.spectrum(x)))
        return torch.cat(found, dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) normalised to logits (N, 2)."""
        return self.head(self.dropout(self.features(x)))

    def cam_layer(self) -> nn.Module:
        """The fused maps of image and residual."""
        return self.fusion


@family("detector")
def build_detector(config: dict[str, Any], load: Load) -> nn.Module:
    """Build a `Detector` from a card's config (its keyword arguments)."""
    settings = dict(config)
    if "branches" in settings:
        settings["branches"] = tuple(settings["branches"])
    return Detector(**settings)
