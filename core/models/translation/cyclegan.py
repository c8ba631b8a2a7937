"""CycleGAN: both directions between MRI and CT, with their critics, as one model."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Load, family
from core.models.translation.patch_gan import PatchGan
from core.models.translation.resnet_generator import ResnetGenerator

DIRECTIONS = ("mri_to_ct", "ct_to_mri")


class CycleGan(nn.Module):
    """Two generators and two critics (Zhu et al. 2017).

    Args:
        config: `size` (side in pixels), `width`, `dilations`, `critic_width`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.size = int(config["size"])
        width = int(config.get("width", 32))
        dilations = tuple(int(d) for d in config.get("dilations", (1, 2, 4, 1, 2, 1)))
        critic_width = int(config.get("critic_width", 32))
        self.to_ct = ResnetGenerator(width, dilations)
        self.to_mri = ResnetGenerator(width, dilations)
        self.critic_ct = PatchGan(critic_width)
        self.critic_mri = PatchGan(critic_width)
        self.apply(_start)

    def generator(self, direction: str) -> ResnetGenerator:
        """The generator of "mri_to_ct" or "ct_to_mri".

        Raises:
            KeyError: neither of them.
        """
        if direction not in DIRECTIONS:
            raise KeyError(f"Unknown direction '{direction}'; one of: {', '.join(DIRECTIONS)}.")
        return self.to_ct if direction == "mri_to_ct" else self.to_mri

    def critic(self, direction: str) -> PatchGan:
        """The critic that judges what `generator(direction)` makes."""
        self.generator(direction)
        return self.critic_ct if direction == "mri_to_ct" else self.critic_mri

    def back(self, direction: str) -> ResnetGenerator:
        """The generator of the other direction, which closes the cycle."""
        self.generator(direction)
        return self.to_mri if direction == "mri_to_ct" else self.to_ct

    def forward(self, x: torch.Tensor, direction: str = "mri_to_ct") -> torch.Tensor:
        """Translate (N, 1, S, S) in [-1, 1] to the same shape and range."""
        return self.generator(direction)(x)


def _start(module: nn.Module) -> None:
    """Normal weights of deviation .02, as the paper has them."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


@family("cyclegan")
def _cyclegan(config: dict[str, Any], load: Load) -> nn.Module:
    return CycleGan(config)
