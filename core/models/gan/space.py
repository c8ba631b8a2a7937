"""Where a GAN draws: straight in pixels, or in the latents of the shared autoencoder."""

from __future__ import annotations

from typing import Any

import torch

from core.models.base import Generator, Load, Progress, noise
from core.models.gan.encoder import Encoder
from core.models.latents import InLatents

BATCH = 16


class GanGenerator(InLatents, Generator):
    """What every GAN family shares: the space it draws in, seeds and sampling in batches.

    Args:
        config: `space` ("pixel" or "latent"), `autoencoder` (id, latent only), `channels` of the
            image, `classes`, `z_dim`, `size` and `grid_channels` of what the network itself draws.
        load: returns the autoencoder.
    """

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__()
        self.space = str(config.get("space", "latent"))
        self.channels = int(config["channels"])
        self.classes = int(config["classes"])
        self.z_dim = int(config.get("z_dim", 128))
        latent = self.space == "latent"
        self.size = int(config.get("size", 16 if latent else 128))
        self.grid_channels = int(config.get("grid_channels", 8)) if latent else self.channels
        self.encoder: Encoder | None = None
        self.hold(load(config["autoencoder"]) if latent else None)

    def grid(self, z: torch.Tensor, labels: torch.Tensor, truncation: float = 1.0) -> torch.Tensor:
        """(N, z_dim) and (N,) to what the network draws, (N, grid_channels, size, size)."""
        raise NotImplementedError

    def stage(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What the network draws at its current stage of growth, (N, grid_channels, s, s)."""
        return self.grid(z, labels)

    def make_encoder(self, widths: list[int]) -> Encoder | None:
        """An encoder into Z with the given channels at 4x4, 8x8, ...; None for no widths."""
        if not widths:
            return None
        return Encoder(self.grid_channels, self.classes, [int(w) for w in widths], self.z_dim)

    @torch.no_grad()
    def sample(
        self,
        labels: torch.Tensor,
        seeds: list[int],
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Draw one image per label and seed; option `truncation` (1 is none), as in the base."""
        device = next(self.parameters()).device
        z = noise((self.z_dim,), seeds)
        images = []
        for start in range(0, len(seeds), BATCH):
            part = slice(start, start + BATCH)
            truncation = float(options.get("truncation", 1.0))
            grid = self.grid(z[part].to(device), labels[part].to(device), truncation)
            images.append(self.to_image(grid, seeds[part]))
            if progress:
                progress(min(1.0, (start + BATCH) / len(seeds)), images[-1])
        return torch.cat(images)
