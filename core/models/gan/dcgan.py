"""The plain DCGAN baseline: transposed convolutions against strided ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Load, family
from core.models.gan.space import GanGenerator

WIDTHS = (256, 128, 64, 32)


class Dcgan(GanGenerator):
    """Dense layer to S/8 x S/8 x 256, transposed convolutions 128-64-32, tanh.

    Radford et al. 2016, with the class as an embedding beside z. In pixels only.

    Args:
        config: of `GanGenerator`; `size` is the side of the image.
        load: unused.
    """

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__({**config, "space": "pixel"}, load)
        self.embed = nn.Embedding(self.classes, self.z_dim)
        side = self.size // 8
        layers: list[nn.Module] = [
            nn.Linear(2 * self.z_dim, side * side * WIDTHS[0], bias=False),
            nn.Unflatten(1, (WIDTHS[0], side, side)),
            nn.BatchNorm2d(WIDTHS[0]),
            nn.LeakyReLU(0.2),
        ]
        for before, after in zip(WIDTHS, WIDTHS[1:]):
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2),
            ]
        layers += [nn.Conv2d(WIDTHS[-1], self.channels, 3, padding=1), nn.Tanh()]
        self.net = nn.Sequential(*layers)

    def grid(self, z: torch.Tensor, labels: torch.Tensor, truncation: float = 1.0) -> torch.Tensor:
        """See `GanGenerator.grid`; truncation shrinks z."""
        images: torch.Tensor = self.net(torch.cat([z * truncation, self.embed(labels)], 1))
        return images


class DcganCritic(nn.Module):
    """Strided convolutions 32-64-128-256 with dropout, and a projection of the class.

    Args:
        config: `grid_channels`, `classes`, `size`, `dropout`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        widths = [int(config["grid_channels"]), *reversed(WIDTHS)]
        layers: list[nn.Module] = []
        for before, after in zip(widths, widths[1:]):
            layers += [
                nn.Conv2d(before, after, 4, stride=2, padding=1),
                nn.LeakyReLU(0.2),
                nn.Dropout(float(config.get("dropout", 0.4))),
            ]
        self.net = nn.Sequential(*layers)
        self.score = nn.Linear(WIDTHS[0] * (int(config["size"]) // 16) ** 2, 1)
        self.embed = nn.Embedding(int(config["classes"]), WIDTHS[0])
        nn.init.zeros_(self.embed.weight)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) and (N,) to (N,) logits, higher is more real."""
        h = self.net(x)
        project = (self.embed(labels) * h.mean((2, 3))).sum(1)
        score: torch.Tensor = self.score(h.flatten(1)).squeeze(1) + project
        return score

    def scores(
        self, x: torch.Tensor, deviation: torch.Tensor, growth: float | None = None
    ) -> torch.Tensor:
        """Score each image as every class, (N, classes); see `Critic.scores`."""
        h = self.net(x)
        scores: torch.Tensor = self.score(h.flatten(1)) + h.mean((2, 3)) @ self.embed.weight.T
        return scores


@family("dcgan")
def build_dcgan(config: dict[str, Any], load: Load) -> Dcgan:
    """Builder of the DCGAN generator."""
    return Dcgan(config, load)
