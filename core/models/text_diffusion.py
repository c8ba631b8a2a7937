"""Latent diffusion from text: rectified flow with cross-attention (Rombach et al. 2022, sec. 3.3).

The same process, sampler and latents as the class-conditional model (`core.models.diffusion`), on
the text-conditioned UNet of diffusers; the summary of the text also joins the time embedding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Load, Progress, family
from core.models.ode import Velocity, dpm_solver, schedule
from core.models.text_adapter import Conditioning
from core.models.text_generator import TextGenerator

HEAD = 32
STEPS = 12  # of DPM-Solver++, each two evaluations under guidance
GUIDANCE = 1.5


class TextDiffusion(TextGenerator):
    """Velocity network that listens to a text.

    Args:
        config: as `TextGenerator`, and `widths`, `layers`, `attention` (per level), `dropout`
            (0 by default).
        load: returns the autoencoder.
    """

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__(config, load)
        attention, widths = list(config["attention"]), tuple(config["widths"])
        from diffusers import UNet2DConditionModel  # an import of seconds

        self.unet: nn.Module = UNet2DConditionModel(
            sample_size=self.latent[1],
            in_channels=self.latent[0],
            out_channels=self.latent[0],
            block_out_channels=widths,
            layers_per_block=int(config["layers"]),
            down_block_types=tuple(
                "CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention
            ),
            up_block_types=tuple(
                "CrossAttnUpBlock2D" if a else "UpBlock2D" for a in attention[::-1]
            ),
            attention_head_dim=tuple(max(1, w // HEAD) for w in widths),  # number of heads
            norm_num_groups=16,
            dropout=float(config.get("dropout", 0.0)),
            cross_attention_dim=self.text_width,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=self.text_width,
        )
        for name, module in self.unet.named_modules():
            if name.endswith("proj_out"):  # attention starts silent: a warm start stays intact
                nn.init.zeros_(module.weight)  # type: ignore[arg-type]
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, z: torch.Tensor, t: torch.Tensor, text: Conditioning) -> torch.Tensor:
        """Velocity at z_t: (N, L, s, s), (N,) in [0, 1] and N texts to (N, L, s, s)."""
        out: torch.Tensor = self.unet(
            z,
            t * 1000,
            encoder_hidden_states=text.tokens,
            encoder_attention_mask=text.mask,
            class_labels=text.pooled,
        ).sample
        return out

    def guided(self, text: Conditioning, silent: Conditioning, guidance: float) -> Velocity:
        """Velocity with classifier-free guidance (Ho & Salimans 2022, eq. 6)."""
        joined = text.join(silent)

        def velocity(z: torch.Tensor, t: float) -> torch.Tensor:
            if guidance == 1:
                return self(z, z.new_full((len(z),), t), text)
            both = self(torch.cat([z, z]), z.new_full((2 * len(z),), t), joined)
            given, free = both.chunk(2)
            return free + guidance * (given - free)

        return velocity

    def draw(
        self,
        z: torch.Tensor,
        text: Conditioning,
        silent: Conditioning,
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Integrate the flow from noise to latents."""
        steps = max(1, int(options.get("steps", STEPS)))
        velocity = self.guided(text, silent, float(options.get("guidance", GUIDANCE)))

        def report(k: int, z: torch.Tensor, t: float, v: torch.Tensor) -> None:
            if progress:
                progress((k + 1) / (steps + 1), self.to_image(z - t * v))

        return dpm_solver(velocity, z, schedule(steps), report)


@family("text-diffusion")
def build_text_diffusion(config: dict[str, Any], load: Load) -> nn.Module:
    """Build from a card's config."""
    return TextDiffusion(config, load)
