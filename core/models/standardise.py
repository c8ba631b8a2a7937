"""Input standardisation per image, inside the model, so that exposure cannot tell the class."""

from __future__ import annotations

import torch
from torch import nn


class Standardise(nn.Module):
    """Subtract each image's mean and divide by its standard deviation: (N, C, S, S) unchanged."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Zero mean and a standard deviation just below one; a constant image becomes zero."""
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        return (x - mean) / (x.std(dim=(1, 2, 3), keepdim=True) + 0.05)


def standardiser(wanted: bool) -> nn.Module:
    """A `Standardise`, or nothing, by a model's config."""
    return Standardise() if wanted else nn.Identity()
