"""A GAN's critic as a model of its own: how real an image looks to it, as each class."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Load, family
from core.models.gan.critic import Critic, at_stage, split_growth
from core.models.gan.dcgan import DcganCritic
from core.models.gan.layers import minibatch_deviation

GROUP = 4


def make_critic(kind: str, config: dict[str, Any]) -> Critic | DcganCritic:
    """The untrained critic of a GAN family; `config` as the critic's class says."""
    return DcganCritic(config) if kind == "dcgan" else Critic(config)


class ImageCritic(nn.Module):
    """Normalised images (N, C, S, S) to scores (N, classes): higher is more real as that class.

    While training, a critic with minibatch deviation sees how images of a group differ. Here that
    channel holds its mean over real images, so that a score depends on its own image alone.

    Args:
        config: `kind` (family of the generator), `growth` (None for the full side), `autoencoder`
            (id, for critics of latents) and what the critic itself takes.
        load: returns the autoencoder.
    """

    deviation: torch.Tensor

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__()
        self.critic = make_critic(str(config["kind"]), config)
        self.growth: float | None = config.get("growth")
        self.register_buffer("deviation", torch.zeros(()))
        autoencoder = config.get("autoencoder")
        # In a tuple, out of the state dict: it is a checkpoint of its own.
        self._autoencoder: tuple[nn.Module, ...] = (load(autoencoder),) if autoencoder else ()

    def grid(self, x: torch.Tensor) -> torch.Tensor:
        """Images to what the critic judges."""
        grid = self._autoencoder[0].encode(x) if self._autoencoder else x  # type: ignore[operator]
        if isinstance(self.critic, Critic):
            grid = at_stage(grid, self.growth, self.critic.levels)
        return grid

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return self.critic.scores(self.grid(x), self.deviation, self.growth)

    def cam_layer(self) -> nn.Module | None:
        """Where Grad-CAM looks: the first maps at half the side, or the last ones of DCGAN."""
        if isinstance(self.critic, DcganCritic):
            return self.critic.net
        level, _ = split_growth(self.growth, self.critic.levels)
        return self.critic.downs[level - 1] if level else None

    def cam_grid(self, activation: torch.Tensor) -> torch.Tensor:
        """Activations of `cam_layer`, already a grid."""
        return activation

    @torch.no_grad()
    def measure_deviation(self, grids: torch.Tensor) -> None:
        """Set the deviation from real images, (N, grid_channels, s, s), of one class a group."""
        if isinstance(self.critic, Critic) and self.critic.deviation:
            stage = at_stage(grids, self.growth, self.critic.levels)
            groups = [
                minibatch_deviation(self.critic.body(part, self.growth), GROUP)[:, -1].mean()
                for part in stage.split(GROUP)
            ]
            self.deviation = torch.stack(groups).mean()


@family("critic")
def build_critic(config: dict[str, Any], load: Load) -> ImageCritic:
    """Build from a card's config."""
    return ImageCritic(config, load)
