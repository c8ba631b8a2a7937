"""Fine texture that a decoder leaves out, synthesised as noise of predicted local strength.

An autoencoder trained on few images, or with few latents, cannot carry pixel-scale texture: its
decoder draws the mean of what it cannot know. As in film-grain synthesis of video codecs (Norkin &
Birkbeck 2018), the missing part is modelled as band-pass Gaussian noise. Per pixel and band a small
network predicts the power that real images show there; what the decoded image lacks of it is added.
The grain has the statistics of real texture and says nothing about a patient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from core.models.base import noise

FOLD = 4  # the network sees 4×4 pixels as channels, and is fast on a CPU
# one luminance and two chrominance axes, orthonormal: grey images have none of the latter
AXES = ((0.57735, 0.57735, 0.57735), (0.70711, 0.0, -0.70711), (0.40825, -0.8165, 0.40825))


class Grain(nn.Module):
    """Adds texture to decoded images.

    Args:
        bands: octaves of detail, the finest first.
        width: channels of the hidden layer.
    """

    def __init__(self, bands: int = 3, width: int = 32) -> None:
        super().__init__()
        self.bands = bands
        inputs, outputs = 3 * FOLD**2, 3 * bands * FOLD**2
        self.network = nn.Sequential(
            nn.Conv2d(inputs, width, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(width, outputs, 1),
        )
        nn.init.constant_(self.network[-1].bias, -6.0)  # type: ignore[arg-type]
        self.register_buffer("axes", torch.tensor(AXES))
        self.register_buffer("unmix", torch.linalg.inv(band_powers(bands)))
        self.axes: torch.Tensor
        self.unmix: torch.Tensor

    def log_power(self, y: torch.Tensor) -> torch.Tensor:
        """Predicted log power of real images like (N, 3, S, S), (N, 3, bands, S, S)."""
        found = F.pixel_shuffle(self.network(F.pixel_unshuffle(y, FOLD)), FOLD)
        return found.float().clamp(-14, 4).unflatten(1, (3, self.bands))

    def loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Negative log likelihood of real detail under zero-mean Gaussians of the predicted power.

        Args:
            x: (N, 3, S, S) real images.
            y: (N, 3, S, S) their reconstructions.
        """
        predicted = self.log_power(y)
        power = split_bands(self.opponent(x), self.bands).square()
        return (predicted + power * (-predicted).exp()).mean()

    def forward(self, y: torch.Tensor, seeds: Sequence[int] | None = None) -> torch.Tensor:
        """Add grain to decoded images.

        Args:
            y: (N, 3, S, S).
            seeds: one per image; seed 0 for all where left out, so that a moved slider changes the
                image and not its grain.

        Returns:
            (N, 3, S, S), not clipped.
        """
        wanted = self.log_power(y).exp()
        present = split_bands(self.opponent(y), self.bands).square()
        present = blur(present.flatten(1, 2), 2).unflatten(1, (3, self.bands))
        missing = (wanted - present).clamp(min=0)
        # neighbouring bands overlap: solve for the strengths that add up to what is missing
        strength = torch.einsum("kj,ncjhw->nckhw", self.unmix, missing).clamp(min=0).sqrt()
        shape = (3 * self.bands, *y.shape[2:])
        drawn = noise(shape, list(seeds) if seeds else [0]).to(y.device)
        grains = own_bands(drawn.unflatten(1, (3, self.bands)))
        return y + self.colours((strength * grains).sum(2))

    def opponent(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, S, S) colours to luminance and chrominance."""
        return torch.einsum("ij,njhw->nihw", self.axes, x.float())

    def colours(self, x: torch.Tensor) -> torch.Tensor:
        """Inverse of `opponent`."""
        return torch.einsum("ij,nihw->njhw", self.axes, x)


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


def split_bands(x: torch.Tensor, bands: int) -> torch.Tensor:
    """Octaves of detail by the à trous wavelet transform (Holschneider et al. 1990).

    Args:
        x: (N, C, S, S).
        bands: how many, the finest first.

    Returns:
        (N, C, bands, S, S); what is left below the last band is dropped.
    """
    found = []
    for k in range(bands):
        smooth = blur(x, 2**k)
        found.append(x - smooth)
        x = smooth
    return torch.stack(found, 2)


def own_bands(x: torch.Tensor) -> torch.Tensor:
    """Independent noise (N, C, bands, S, S), filtered to the band it stands in."""
    return torch.stack([split_bands(x[:, :, k], k + 1)[:, :, k] for k in range(x.shape[2])], 2)


def band_powers(bands: int) -> torch.Tensor:
    """Power that white noise, filtered to band j, shows in band k: (bands, bands) as [k, j]."""
    drawn = torch.randn(1, bands, 256, 256, generator=torch.Generator().manual_seed(0))
    grains = own_bands(drawn[:, None])[:, 0]  # (1, bands, S, S)
    return split_bands(grains, bands).square().mean((0, 3, 4)).T.contiguous()
