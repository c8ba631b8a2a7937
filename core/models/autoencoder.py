"""The shared autoencoder: a KL-regularised convolutional one from diffusers, on folded pixels.

Rombach et al. 2022 (latent diffusion). The image is folded by 4 (pixel-unshuffle) before the
first convolution, so that no convolution runs at full resolution: what makes it trainable on a
CPU. The inner module is `diffusers.AutoencoderKL` and opens anywhere diffusers does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from core.models.base import Load, family
from core.models.texture import Texture


class Autoencoder(nn.Module):
    """Images (N, C, S, S) in [-1, 1] to latents (N, L, S/8, S/8) of about unit variance, and back.

    Args:
        fold: side of the pixel blocks folded into channels.
        latent_channels: L.
        widths: channels at S/4 and S/8.
        layers: residual blocks per level of the encoder (the decoder has one more).
        texture: settings of the `Texture` added to decoded images, none for plain ones.
    """

    def __init__(
        self,
        fold: int,
        latent_channels: int,
        widths: tuple[int, ...],
        layers: int,
        texture: dict[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.fold = fold
        folded = 3 * fold * fold
        from diffusers import AutoencoderKL  # an import of seconds

        self.kl = AutoencoderKL(
            in_channels=folded,
            out_channels=folded,
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=layers,
            latent_channels=latent_channels,
            norm_num_groups=16,
            mid_block_add_attention=False,
            scaling_factor=1.0,
        )
        self.texture = Texture(**texture) if texture else None

        self.register_buffer("mean", torch.zeros(1, latent_channels, 1, 1))
        self.register_buffer("std", torch.ones(1, latent_channels, 1, 1))
        self.mean: torch.Tensor
        self.std: torch.Tensor

    @property
    def latent_channels(self) -> int:
        """Channels of a latent."""
        return int(self.kl.config.latent_channels)

    def moments(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of the posterior, each (N, L, S/8, S/8), not yet whitened."""
        x = x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x
        folded = F.pixel_unshuffle(x, self.fold).contiguous(memory_format=torch.channels_last)
        posterior = self.kl.encode(folded).latent_dist
        return posterior.mean, posterior.logvar

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Images in [-1, 1] to whitened latents (the posterior's mean)."""
        return (self.moments(x)[0] - self.mean) / self.std

    def decode_raw(self, z: torch.Tensor) -> torch.Tensor:
        """Latents that are not whitened to (N, 3, S, S), not clipped."""
        z = z.contiguous(memory_format=torch.channels_last)  # oneDNN's fast path
        return F.pixel_shuffle(self.kl.decode(z).sample, self.fold)

    def decode(
        self, z: torch.Tensor, channels: int = 3, seeds: Sequence[int] | None = None
    ) -> torch.Tensor:
        """Whitened latents to images (N, channels, S, S) in about [-1, 1]; grey is the mean.

        Args:
            z: (N, L, S/8, S/8).
            channels: 1 or 3.
            seeds: of the texture, one per image; the same for all images where left out.
        """
        return self.add_texture(self.decode_plain(z, channels), seeds)

    def decode_plain(self, z: torch.Tensor, channels: int = 3) -> torch.Tensor:
        """As `decode`, without texture."""
        x = self.decode_raw(z * self.std + self.mean)
        return x.mean(1, keepdim=True) if channels == 1 else x

    def add_texture(self, x: torch.Tensor, seeds: Sequence[int] | None = None) -> torch.Tensor:
        """Decoded images (N, 1 or 3, S, S) with fine texture, where the model draws any."""
        grey = x.shape[1] == 1
        if self.texture is None:
            return x
        return self.texture(x.expand(-1, 3, -1, -1), seeds, grey)[:, : x.shape[1]]


@family("autoencoder-kl")
def build_autoencoder(config: dict[str, Any], load: Load) -> nn.Module:
    """Build from a card's config."""
    return Autoencoder(
        int(config["fold"]),
        int(config["latent_channels"]),
        tuple(config["widths"]),
        int(config["layers"]),
        config.get("texture"),
    )
