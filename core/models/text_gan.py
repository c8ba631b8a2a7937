"""GAN from text: a ResNet generator (Johnson et al. 2016; Zhu et al. 2017) on the latents.

One pass from noise to latents. Residual blocks are modulated by the text's summary (adaptive
normalisation, Huang & Belongie 2017), and two of them listen to its words by cross-attention.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from core.models.base import Load, Progress, family
from core.models.text_adapter import Conditioning
from core.models.text_generator import TextGenerator

GROUPS = 16


class ModulatedBlock(nn.Module):
    """Residual block whose normalised features are scaled and shifted by the text."""

    def __init__(self, width: int, text: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, width, affine=False) for _ in range(2))
        self.styles = nn.ModuleList(nn.Linear(text, 2 * width) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(2))
        nn.init.normal_(self.convs[1].weight, std=1e-3)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """(N, W, s, s) and (N, T) to (N, W, s, s)."""
        inner = x
        for norm, style, conv in zip(self.norms, self.styles, self.convs):
            scale, shift = style(pooled)[:, :, None, None].chunk(2, 1)
            inner = conv(F.silu(norm(inner) * (1 + scale) + shift))
        return x + inner


class WordAttention(nn.Module):
    """Positions look at words; added to the features."""

    def __init__(self, width: int, text: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width)
        heads = max(1, width // 32)
        from diffusers.models.attention_processor import Attention  # an import of seconds

        self.attn2 = Attention(width, text, heads=heads, dim_head=width // heads)

    def forward(self, x: torch.Tensor, text: Conditioning) -> torch.Tensor:
        """(N, W, s, s) and N texts to (N, W, s, s)."""
        n, width, height, side = x.shape
        flat = self.norm(x).flatten(2).transpose(1, 2)
        bias = (~text.mask)[:, None].to(x.dtype) * -1e4
        found = self.attn2(flat, encoder_hidden_states=text.tokens, attention_mask=bias)
        return x + found.transpose(1, 2).reshape(n, width, height, side)


class TextGan(TextGenerator):
    """Noise and a text to latents in one pass.

    Args:
        config: as `TextGenerator`, and `width` and `blocks` of the ResNet.
        load: returns the autoencoder.
    """

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__(config, load)
        width, blocks = int(config["width"]), int(config["blocks"])
        inner = 2 * width
        self.enter = nn.Conv2d(self.latent[0], width, 3, 1, 1)
        self.first = ModulatedBlock(width, self.text_width)
        self.down = nn.Conv2d(width, inner, 3, 2, 1)
        self.blocks = nn.ModuleList(ModulatedBlock(inner, self.text_width) for _ in range(blocks))
        self.words = nn.ModuleList(WordAttention(inner, self.text_width) for _ in range(2))
        self.up = nn.Conv2d(inner, width, 3, 1, 1)
        self.last = ModulatedBlock(width, self.text_width)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.leave = nn.Conv2d(width, self.latent[0], 3, 1, 1)

    def forward(self, z: torch.Tensor, text: Conditioning) -> torch.Tensor:
        """(N, L, s, s) noise and N texts to (N, L, s, s) latents."""
        skip = self.first(self.enter(z), text.pooled)
        x = self.down(skip)
        where = {len(self.blocks) // 3: 0, 2 * len(self.blocks) // 3: 1}
        for k, block in enumerate(self.blocks):
            if k in where:
                x = self.words[where[k]](x, text)
            x = block(x, text.pooled)
        x = self.up(F.interpolate(x, scale_factor=2, mode="nearest")) + skip
        return self.leave(F.silu(self.norm(self.last(x, text.pooled))))

    def draw(
        self,
        z: torch.Tensor,
        text: Conditioning,
        silent: Conditioning,
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """One pass; a `guidance` other than 1 extrapolates from "no text" to the text."""
        found = self(z, text)
        guidance = float(options.get("guidance", 1.0))
        if guidance != 1:
            free = self(z, silent)
            found = free + guidance * (found - free)
        if progress:
            progress(0.9, None)
        return found


class TextCritic(nn.Module):
    """Judges latents for a condition: residual critic with projection (Miyato & Koyama 2018).

    Args:
        channels: of the latents.
        size: side of the latents, a power of 2.
        width: channels of the first layer.
        conditions: number of conditions.
    """

    def __init__(self, channels: int, size: int, width: int, conditions: int) -> None:
        super().__init__()
        halvings = max(1, size.bit_length() - 2)  # down to 2×2
        sizes = [channels, width, *[2 * width] * (halvings - 1)]
        self.blocks = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(a, b, 3, 1, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(b, b, 4, 2, 1)),
                nn.LeakyReLU(0.2),
            )
            for a, b in zip(sizes, sizes[1:])
        )
        self.score = spectral_norm(nn.Linear(sizes[-1], 1))
        self.match = nn.Embedding(conditions, sizes[-1])

    def forward(self, z: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """(N, L, s, s) latents and (N,) conditions to (N,) scores, higher is more real."""
        for block in self.blocks:
            z = block(z)
        found = z.mean((2, 3)) * z.shape[-1]
        return self.score(found)[:, 0] + (self.match(condition) * found).sum(1)


@family("text-gan")
def build_text_gan(config: dict[str, Any], load: Load) -> nn.Module:
    """Build from a card's config."""
    return TextGan(config, load)
