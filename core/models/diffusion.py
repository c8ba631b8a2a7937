"""Class-conditional latent diffusion by flow matching, on a UNet of diffusers.

Rectified flow (Liu et al. 2023; Lipman et al. 2023): z_t = (1 - t) z_0 + t ε, the network
predicts the velocity ε - z_0. Classifier-free guidance (Ho & Salimans 2022), DPM-Solver++ for
sampling (Lu et al. 2022).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Generator, Load, Progress, family, noise
from core.models.latents import InLatents
from core.models.ode import Velocity, dpm_solver, heun, schedule

STEPS = 20  # of DPM-Solver++, one evaluation each
GUIDANCE = 1.0  # where a checkpoint states none: the plain conditional model


class LatentDiffusion(InLatents, Generator):
    """Velocity network in the latents of the shared autoencoder.

    Args:
        config: `autoencoder` (id), `channels` of the image, `classes`, `widths`, `layers`,
            `attention` (per level), `latent_channels`, `latent_size`, `dropout` (0 by default),
            `guidance` (what `sample` uses where none is given).
        load: returns the autoencoder, kept out of the state dict: a checkpoint of its own.
    """

    space = "latent"

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__()
        self.channels = int(config["channels"])
        self.classes = int(config["classes"])
        self.guidance = float(config.get("guidance", GUIDANCE))
        self.latent = (int(config["latent_channels"]), int(config["latent_size"]))
        attention = list(config["attention"])
        from diffusers import UNet2DModel  # an import of seconds

        self.unet: nn.Module = UNet2DModel(
            sample_size=self.latent[1],
            in_channels=self.latent[0],
            out_channels=self.latent[0],
            block_out_channels=tuple(config["widths"]),
            layers_per_block=int(config["layers"]),
            down_block_types=tuple("AttnDownBlock2D" if a else "DownBlock2D" for a in attention),
            up_block_types=tuple("AttnUpBlock2D" if a else "UpBlock2D" for a in attention[::-1]),
            attention_head_dim=32,
            norm_num_groups=16,
            dropout=float(config.get("dropout", 0.0)),
            num_class_embeds=self.classes + 1,  # the last one is "no class"
        )
        self.hold(load(config["autoencoder"]))

    def forward(self, z: torch.Tensor, t: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Velocity at z_t: (N, L, s, s), (N,) in [0, 1], (N,) class ids -> (N, L, s, s)."""
        out: torch.Tensor = self.unet(z, t * 1000, class_labels=labels).sample
        return out

    def guided(self, labels: torch.Tensor, guidance: float) -> Velocity:
        """Velocity with classifier-free guidance (Ho & Salimans 2022, eq. 6): v_∅ + g (v_c - v_∅).

        A guidance of 1 is the plain conditional model and costs half as much.
        """
        none = torch.full_like(labels, self.classes)

        def velocity(z: torch.Tensor, t: float) -> torch.Tensor:
            if guidance == 1:
                return self(z, z.new_full((len(z),), t), labels)
            both = self(torch.cat([z, z]), z.new_full((2 * len(z),), t), torch.cat([labels, none]))
            given, free = both.chunk(2)
            return free + guidance * (given - free)

        return velocity

    @torch.no_grad()
    def sample(
        self,
        labels: torch.Tensor,
        seeds: list[int],
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Draw one image per label and seed; options `steps` and `guidance`, as in the base.

        Previews passed to `progress` are the current estimate of the finished image.
        """
        device = next(self.parameters()).device
        z = noise((self.latent[0], self.latent[1], self.latent[1]), seeds).to(device)
        return self.denoise(z, 1.0, labels.to(device), progress, seeds, **options)

    @torch.no_grad()
    def like(
        self,
        images: torch.Tensor,
        labels: torch.Tensor,
        seeds: list[int],
        strength: float = 0.6,
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Vary given images (SDEdit, Meng et al. 2022): noise them to t = strength, then denoise.

        Args:
            images: (N, C, S, S) normalised.
            strength: 0 returns the reconstruction, 1 forgets the image.
        """
        z = self.to_grid(images)
        drawn = noise(tuple(z.shape[1:]), seeds).to(z)
        start = (1 - strength) * z + strength * drawn
        return self.denoise(start, strength, labels.to(z.device), progress, seeds, **options)

    @torch.no_grad()
    def invert(self, images: torch.Tensor, labels: torch.Tensor, steps: int = 20) -> torch.Tensor:
        """The noise whose unguided sample is the image: the same ODE from t = 0 to 1."""
        z = self.to_grid(images)
        return heun(self.guided(labels.to(z.device), 1.0), z, schedule(steps)[::-1])

    def denoise(
        self,
        z: torch.Tensor,
        start: float,
        labels: torch.Tensor,
        progress: Progress | None = None,
        seeds: list[int] | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Integrate from t = start to 0 and decode."""
        steps = max(1, int(options.get("steps", STEPS)))
        velocity = self.guided(labels, float(options.get("guidance", self.guidance)))

        def report(k: int, z: torch.Tensor, t: float, v: torch.Tensor) -> None:
            if progress:
                progress((k + 1) / (steps + 1), self.to_image(z - t * v, seeds))

        if start > 0:
            z = dpm_solver(velocity, z, schedule(steps, start), report)
        return self.to_image(z, seeds)


@family("latent-diffusion")
def build_latent_diffusion(config: dict[str, Any], load: Load) -> nn.Module:
    """Build from a card's config."""
    return LatentDiffusion(config, load)
