"""What every generator in the shared autoencoder's latents has in common: the way in and out."""

from __future__ import annotations

from typing import Any

import torch


class InLatents:
    """Mix-in of generators that draw in the latents of an autoencoder, or straight in pixels.

    The autoencoder is kept in a tuple, out of the state dict: it is a checkpoint of its own.

    Attributes:
        channels: of the image, 1 or 3; set by the generator.
    """

    channels: int
    _autoencoder: tuple[Any, ...] = ()

    def hold(self, autoencoder: Any | None) -> None:
        """Draw in this autoencoder's latents; in pixels for None."""
        self._autoencoder = () if autoencoder is None else (autoencoder,)

    @property
    def autoencoder(self) -> Any:
        """The autoencoder whose latents are drawn, None in pixel space."""
        return self._autoencoder[0] if self._autoencoder else None

    def to_grid(self, images: torch.Tensor) -> torch.Tensor:
        """Normalised images (N, C, S, S) to the space that is drawn in.

        Returns:
            Latents (N, L, S/8, S/8); the images themselves in pixel space.
        """
        return images if self.autoencoder is None else self.autoencoder.encode(images)

    def to_image(self, grid: torch.Tensor, seeds: list[int] | None = None) -> torch.Tensor:
        """What was drawn to normalised images (N, C, S, S).

        Args:
            grid: latents (N, L, S/8, S/8), or images in pixel space.
            seeds: of the texture, one per image; the same for all where left out.
        """
        if self.autoencoder is None:
            return grid
        return self.autoencoder.decode(grid, self.channels, seeds)
