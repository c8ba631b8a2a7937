"""Conditional WGAN-GP generator with self-attention and progressive growing."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from core.models.base import Load, family
from core.models.gan.critic import split_growth
from core.models.gan.layers import EqualConv, EqualLinear, SelfAttention, act, pixel_norm
from core.models.gan.space import GanGenerator


class Up(nn.Module):
    """Double the side by nearest neighbour, then two convolutions with pixel norm.

    Karras et al. 2018, table 2.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv(inputs, outputs, 3)
        self.second = EqualConv(outputs, outputs, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) to (N, outputs, 2H, 2W)."""
        x = F.interpolate(x, scale_factor=2)
        return pixel_norm(act(self.second(pixel_norm(act(self.first(x))))))


class WganGp(GanGenerator):
    """Grows from 4x4; `growth` says how far (see `core.models.gan.critic.split_growth`).

    Args:
        config: of `GanGenerator`, and `widths` (channels at 4x4, 8x8, ... up to the full side),
            `attention` (sides with self-attention), `encoder_widths` (empty for none).
        load: returns the autoencoder.
    """

    growth: torch.Tensor

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__(config, load)
        widths = [int(w) for w in config["widths"]]
        attention = {int(s) for s in config.get("attention", [])}
        self.levels = len(widths)
        self.size = 4 << (self.levels - 1)
        self.widths = widths
        self.embed = nn.Embedding(self.classes, self.z_dim)
        self.dense = EqualLinear(2 * self.z_dim, widths[0] * 16)
        self.ups = nn.ModuleList(Up(a, b) for a, b in zip(widths, widths[1:]))
        self.attention = nn.ModuleDict(
            {str(i): SelfAttention(w) for i, w in enumerate(widths) if 4 << i in attention}
        )
        self.outputs = nn.ModuleList(EqualConv(w, self.grid_channels, 1) for w in widths)
        self.register_buffer("growth", torch.tensor(float(self.levels)))
        self.encoder = self.make_encoder(config.get("encoder_widths", []))

    def stage(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(N, z_dim) and (N,) to the grid at the side of the current stage."""
        level, fade = split_growth(float(self.growth), self.levels)
        h = self.dense(pixel_norm(torch.cat([z, self.embed(labels)], 1)))
        h = pixel_norm(act(h.reshape(-1, self.widths[0], 4, 4)))
        h = self._attend(h, 0)
        before = h
        for step in range(level):
            before, h = h, self._attend(self.ups[step](h), step + 1)
        grid = self.outputs[level](h)
        if fade < 1:  # the new side is blended in (Karras et al. 2018, fig. 2)
            old = F.interpolate(self.outputs[level - 1](before), scale_factor=2)
            grid = torch.lerp(old.float(), grid.float(), fade)
        return grid

    def grid(self, z: torch.Tensor, labels: torch.Tensor, truncation: float = 1.0) -> torch.Tensor:
        """See `GanGenerator.grid`; truncation shrinks z (Brock et al. 2019, sec. 3.1)."""
        grid = self.stage(z * truncation, labels)
        if grid.shape[-1] < self.size:
            grid = F.interpolate(grid, size=(self.size, self.size))
        return grid

    def _attend(self, h: torch.Tensor, level: int) -> torch.Tensor:
        return self.attention[str(level)](h) if str(level) in self.attention else h


@family("wgan-gp")
def build_wgan_gp(config: dict[str, Any], load: Load) -> WganGp:
    """Builder of the WGAN-GP generator."""
    return WganGp(config, load)
