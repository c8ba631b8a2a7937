"""The critic (discriminator) of the style-based GAN and of WGAN-GP."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from core.models.gan.layers import EqualConv, EqualLinear, SelfAttention, act, minibatch_deviation


class Down(nn.Module):
    """Residual block that halves the side (Karras et al. 2020, sec. 4.1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualConv(inputs, inputs, 3)
        self.second = EqualConv(inputs, outputs, 3, stride=2)
        self.skip = EqualConv(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        residual = act(self.second(act(self.first(x))))
        return (residual + self.skip(F.avg_pool2d(x, 2))) / math.sqrt(2)


class Critic(nn.Module):
    """Residual critic with projection conditioning (Miyato and Koyama 2018, eq. 3).

    There is no batch normalisation: it makes a score depend on the other images of the batch,
    and the gradient penalty of WGAN-GP is defined per image (Gulrajani et al. 2017, sec. 4).

    Args:
        config: `grid_channels`, `classes`, `widths` (channels at 4x4, 8x8, ... up to the full
            side), `attention` (sides with self-attention), `minibatch_deviation` (bool),
            `progressive` (bool: an input layer per side, for growing).
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        widths = [int(w) for w in config["widths"]]
        attention = {int(s) for s in config.get("attention", [])}
        self.levels = len(widths)
        self.deviation = bool(config.get("minibatch_deviation", True))
        progressive = bool(config.get("progressive", False))
        inputs = int(config["grid_channels"])
        self.inputs = nn.ModuleList(
            EqualConv(inputs, width, 1)
            if progressive or level == self.levels - 1
            else nn.Identity()
            for level, width in enumerate(widths)
        )
        self.downs = nn.ModuleList(Down(widths[i], widths[i - 1]) for i in range(1, self.levels))
        self.attention = nn.ModuleDict(
            {str(i): SelfAttention(w) for i, w in enumerate(widths) if 4 << i in attention}
        )
        self.last = EqualConv(widths[0] + int(self.deviation), widths[0], 3)
        self.dense = EqualLinear(widths[0] * 16, widths[0])
        self.score = EqualLinear(widths[0], 1)
        self.embed = nn.Embedding(int(config["classes"]), widths[0])

    def body(self, x: torch.Tensor, growth: float | None = None) -> torch.Tensor:
        """(N, grid_channels, s, s) to (N, widths[0], 4, 4); see `forward` for `growth`."""
        level, fade = split_growth(growth, self.levels)
        h = act(self.inputs[level](x))
        while level > 0:
            if str(level) in self.attention:
                h = self.attention[str(level)](h)
            h = self.downs[level - 1](h)
            if fade < 1:  # the new side is blended in (Karras et al. 2018, fig. 2)
                old = act(self.inputs[level - 1](F.avg_pool2d(x, 2)))
                h, fade = torch.lerp(old.float(), h.float(), fade), 1.0
            level -= 1
        if "0" in self.attention:
            h = self.attention["0"](h)
        return h

    def features(self, x: torch.Tensor, growth: float | None = None) -> torch.Tensor:
        """(N, grid_channels, s, s) to features, (N, widths[0]); see `forward` for `growth`."""
        h = self.body(x, growth)
        h = minibatch_deviation(h) if self.deviation else h
        return self.head(h)

    def head(self, h: torch.Tensor) -> torch.Tensor:
        """What `body` gives, with the deviation's channel where there is one, to features."""
        return act(self.dense(act(self.last(h)).flatten(1)))

    def scores(
        self, x: torch.Tensor, deviation: torch.Tensor, growth: float | None = None
    ) -> torch.Tensor:
        """Score each image as every class, one by one: (N, classes).

        Args:
            x: as in `forward`.
            deviation: stands for the minibatch deviation, so that no image sees another, ().
            growth: as in `forward`.
        """
        h = self.body(x, growth)
        if self.deviation:
            h = torch.cat([h, deviation.expand(len(h), 1, *h.shape[2:])], 1)
        features = self.head(h)
        return self.score(features) + features @ self.embed.weight.T / math.sqrt(features.shape[1])

    def forward(
        self, x: torch.Tensor, labels: torch.Tensor, growth: float | None = None
    ) -> torch.Tensor:
        """Score images given their class: higher is more real.

        Args:
            x: (N, grid_channels, s, s), s the side of the current stage.
            labels: (N,) int64.
            growth: stage and blend while growing, None for the full side.

        Returns:
            (N,) scores.
        """
        features = self.features(x, growth)
        project = (self.embed(labels) * features).sum(1) / math.sqrt(features.shape[1])
        return self.score(features).squeeze(1) + project


def split_growth(growth: float | None, levels: int) -> tuple[int, float]:
    """Level and blend of a growth value, the number of levels grown so far.

    1.25 is one finished level (4x4) and a quarter of the fade-in of the next; 2.0 is level 1 in
    full; None is the full side.

    Returns:
        (level, weight of that level's new layers in (0, 1]).
    """
    if growth is None or growth >= levels:
        return levels - 1, 1.0
    level = max(math.ceil(growth) - 1, 0)
    return level, (growth - level if level else 1.0)


def at_stage(x: torch.Tensor, growth: float | None, levels: int) -> torch.Tensor:
    """Full-size grids as a growing critic sees them: pooled to the stage's side and blended.

    Karras et al. 2018, fig. 2.
    """
    level, fade = split_growth(growth, levels)
    x = F.adaptive_avg_pool2d(x, 4 << level) if x.shape[-1] > 4 << level else x
    if fade < 1:
        x = torch.lerp(F.interpolate(F.avg_pool2d(x, 2), scale_factor=2).float(), x.float(), fade)
    return x
