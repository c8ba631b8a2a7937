"""A whole split as 8-bit pixels on the device that trains, so that no batch crosses the bus."""

from __future__ import annotations

import numpy as np
import torch

from core.preprocessing import Preprocessing


class Resident:
    """Images that live on a device.

    Attributes:
        pixels: (N, C, S, S) uint8 on the device.
        labels: (N,) int64 on the device.

    Args:
        images: (N, S, S, C) uint8.
        labels: (N,) class indices.
        recipe: for normalisation.
        device: where to keep them; a 128-pixel grey split of 5,000 takes 80 MB.
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, recipe: Preprocessing, device: torch.device
    ) -> None:
        pixels = torch.as_tensor(np.ascontiguousarray(images)).to(device)
        self.pixels = pixels.permute(0, 3, 1, 2).contiguous()
        self.labels = torch.as_tensor(np.asarray(labels, dtype=np.int64)).to(device)
        self.recipe, self.device = recipe, device

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, chosen: torch.Tensor) -> torch.Tensor:
        """Normalised images (B, C, S, S) float32 at positions (B,) on the device."""
        return normalised(self.pixels[chosen], self.recipe)


def normalised(pixels: torch.Tensor, recipe: Preprocessing) -> torch.Tensor:
    """uint8 (N, C, S, S) to float32, as `Preprocessing.normalise` does from channels-last."""
    return pixels.float().div_(255).sub_(recipe.mean).div_(recipe.std)
