"""What the generators from text share: the space they draw in, the text's path, sampling."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Load, Progress, noise
from core.models.latents import InLatents
from core.models.text_adapter import Conditioning, TextAdapter


class TextGenerator(InLatents, nn.Module):
    """Draws latents of the shared autoencoder from noise and a text.

    Args:
        config: `autoencoder` (id), `channels` of the image, `latent_channels`, `latent_size`,
            `states` (width of the text encoder), `text_width`, `text_layers`, `conditions`.
        load: returns the autoencoder, kept out of the state dict: a checkpoint of its own.
    """

    def __init__(self, config: dict[str, Any], load: Load) -> None:
        super().__init__()
        self.channels = int(config["channels"])
        self.latent = (int(config["latent_channels"]), int(config["latent_size"]))
        self.text_width = int(config["text_width"])
        self.adapter = TextAdapter(
            int(config["states"]),
            self.text_width,
            int(config["text_layers"]),
            len(config["conditions"]),
        )
        self.hold(load(config["autoencoder"]))

    def listen(
        self, states: torch.Tensor, mask: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> Conditioning:
        """Token states (N, L, D) and mask (N, L) to the generator's view of the texts."""
        return self.adapter(states, mask, dropped)

    def noise(self, seeds: list[int]) -> torch.Tensor:
        """(N, L, s, s) standard normal noise on the model's device, one stream per seed."""
        device = next(self.parameters()).device
        return noise((self.latent[0], self.latent[1], self.latent[1]), seeds).to(device)

    def draw(
        self,
        z: torch.Tensor,
        text: Conditioning,
        silent: Conditioning,
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Latents of images, differentiable in the text.

        Args:
            z: (N, L, s, s) noise.
            text: N texts.
            silent: as many times "no text", for guidance.
            progress: called as the work goes on, with previews where there are any.
            **options: `guidance` and `steps`, where the model has them.
        """
        raise NotImplementedError

    @torch.no_grad()
    def sample(
        self,
        states: torch.Tensor,
        mask: torch.Tensor,
        seeds: list[int],
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Draw one image per text and seed.

        Args:
            states: (N, L, D) token states.
            mask: (N, L) bool.
            seeds: N seeds.
            progress: as in `draw`.
            **options: as in `draw`.

        Returns:
            (N, C, S, S) float32 in the preprocessing's normalised range.
        """
        device = next(self.parameters()).device
        text, silent = self.both(states.to(device), mask.to(device))
        return self.to_image(self.draw(self.noise(seeds), text, silent, progress, **options), seeds)

    def both(self, states: torch.Tensor, mask: torch.Tensor) -> tuple[Conditioning, Conditioning]:
        """The texts, and "no text" in their place."""
        text = self.listen(states, mask)
        dropped = torch.ones(len(states), dtype=torch.bool, device=states.device)
        return text, self.listen(states, mask, dropped)
