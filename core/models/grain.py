"""Fine texture that a decoder leaves out, synthesised as noise of predicted local strength.

An autoencoder trained on few images, or with few latents, cannot carry pixel-scale texture: its
decoder draws the mean of what it cannot know. As in film-grain synthesis of video codecs (Norkin &
Birkbeck 2018), the missing part is modelled as band-pass Gaussian noise. Per pixel and band a small
network predicts the power of the residual, real minus decoded image; noise of that power is added.
The residual of a mean is uncorrelated with it, so powers add up: the sum has the real image's power
(law of total variance). The grain has the statistics of texture and says nothing about a patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional as F

from core.models.base import noise

FOLD = 4  # the network sees 4×4 pixels as channels, and is fast on a CPU
LEAST, MOST = -12.0, 0.0  # log power: a grey level in 8 bits is -9.7
# Share of the amplitude that is added where a checkpoint states none. The residual holds outlines
# too, where noise of its power is too rough; `evaluate grain` measures the choice on validation
# images and writes the curve beside the autoencoder.
AMOUNT = 0.6
KINDS = ("grey", "colour")
# one luminance and two chrominance axes, orthonormal: grey images have none of the latter
AXES = ((0.57735, 0.57735, 0.57735), (0.70711, 0.0, -0.70711), (0.40825, -0.8165, 0.40825))


class Grain(nn.Module):
    """Adds texture to decoded images.

    Powers are predicted per block of `FOLD` pixels, along axes of colour space that the residuals
    of colour images are uncorrelated in (grey images keep to the luminance axis).

    Args:
        bands: octaves of detail, the finest first.
        width: channels of the hidden layers.
        amounts: shares of the predicted amplitude that are added, by kind of image ("grey",
            "colour") and band; `AMOUNT` where left out.
    """

    def __init__(
        self, bands: int = 3, width: int = 48, amounts: Mapping[str, Sequence[float]] | None = None
    ) -> None:
        super().__init__()
        self.bands = bands
        self.amounts = dict.fromkeys(KINDS, (AMOUNT,) * bands) | {
            k: tuple(float(a) for a in own) for k, own in (amounts or {}).items()
        }
        self.network = nn.Sequential(
            nn.Conv2d(3 * FOLD**2, width, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(width, 3 * bands, 1),
        )
        nn.init.constant_(self.network[-1].bias, -6.0)  # type: ignore[arg-type]
        powers = band_powers(bands)
        self.register_buffer("axes", torch.tensor(AXES))
        self.register_buffer("own", powers.diag().sqrt(), persistent=False)
        self.register_buffer("leaks", powers / powers.diag(), persistent=False)
        self.axes: torch.Tensor
        self.own: torch.Tensor
        self.leaks: torch.Tensor

    def log_power(self, y: torch.Tensor) -> torch.Tensor:
        """Predicted log power of the residual of (N, 3, S, S), (N, 3, bands, S/4, S/4)."""
        with torch.autocast(y.device.type, enabled=False):
            found = self.network(F.pixel_unshuffle(y.float(), FOLD))
        return found.clamp(LEAST, MOST).unflatten(1, (3, self.bands))

    def power(self, residual: torch.Tensor, grey: bool) -> torch.Tensor:
        """Power of a residual (N, 3, S, S) by axis, band and block, (N, 3, bands, S/4, S/4)."""
        bands = split_bands(self.to_axes(residual, grey), self.bands).square()
        return F.avg_pool2d(bands.flatten(1, 2), FOLD).unflatten(1, (3, self.bands))

    def loss(self, power: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Deviance of the predicted power, between that of a Gaussian and of a Poisson variable.

        Tweedie with exponent 1.5 (Jorgensen 1987): the Gaussian likelihood alone cares for ratios
        and lets strong texture come out too strong; this one keeps sums nearer.

        Args:
            power: what `power` found in real minus decoded images.
            y: (N, 3, S, S) the decoded images.
        """
        half = 0.5 * self.log_power(y)
        return 2 * (half.exp() + power * (-half).exp()).mean()

    def forward(
        self, y: torch.Tensor, seeds: Sequence[int] | None = None, grey: bool = False
    ) -> torch.Tensor:
        """Add grain to decoded images.

        Args:
            y: (N, 3, S, S).
            seeds: one per image; seed 0 for all where left out, so that a moved slider changes the
                image and not its grain.
            grey: whether the images are grey; they then stay so.

        Returns:
            (N, 3, S, S), not clipped.
        """
        strengths = self.strengths(self.log_power(y).exp())
        strengths = F.interpolate(
            strengths.flatten(1, 2), y.shape[2:], mode="bilinear", align_corners=False
        ).unflatten(1, (3, self.bands))
        shape = (3 * self.bands, *y.shape[2:])
        drawn = noise(shape, list(seeds) if seeds else [0]).to(y.device)
        grains = own_bands(drawn.unflatten(1, (3, self.bands))) / self.own[:, None, None]
        shares = y.new_tensor(self.amounts[KINDS[0] if grey else KINDS[1]])[:, None, None]
        return y + self.to_colours((shares * strengths * grains).sum(2), grey)

    def strengths(self, wanted: torch.Tensor) -> torch.Tensor:
        """Amplitudes of unit grains whose powers add up to what is wanted, (N, 3, bands, s, s).

        Bands overlap, and a coarse band's grain shows in the finer ones: from coarse to fine, each
        band gets what the coarser ones have not brought already.
        """
        powers: list[torch.Tensor] = []
        for k in reversed(range(self.bands)):
            brought = sum((self.leaks[k, self.bands - 1 - n] * p for n, p in enumerate(powers)), 0)
            powers.append((wanted[:, :, k] - brought).clamp(min=0))
        return torch.stack(powers[::-1], 2).sqrt()

    def fit_axes(self, residual: torch.Tensor) -> None:
        """Take the principal axes of colour residuals (N, 3, S, S), the strongest first."""
        values = residual.float().transpose(0, 1).flatten(1)
        _, vectors = torch.linalg.eigh(values @ values.T / values.shape[1])
        self.axes.copy_(vectors.flip(1).T)

    def to_axes(self, x: torch.Tensor, grey: bool) -> torch.Tensor:
        """(N, 3, S, S) colours to components."""
        return torch.einsum("ij,njhw->nihw", self._axes(x, grey), x.float())

    def to_colours(self, x: torch.Tensor, grey: bool) -> torch.Tensor:
        """Inverse of `to_axes`; of grey images only luminance counts."""
        if grey:
            return x[:, :1].expand_as(x) * AXES[0][0]
        return torch.einsum("ij,nihw->njhw", self._axes(x, grey), x)

    def _axes(self, x: torch.Tensor, grey: bool) -> torch.Tensor:
        return torch.tensor(AXES, device=x.device) if grey else self.axes.float()


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
