"""Where an image changes when its latent does: finite differences per direction and layer."""

from __future__ import annotations

from dataclasses import replace

import torch

from core.latent.directions import Direction, apply
from core.models.base import StyleGenerator


@torch.no_grad()
def sensitivity(
    generator: StyleGenerator, w: torch.Tensor, direction: Direction, step: float = 0.5
) -> torch.Tensor:
    """Change of every pixel per standard deviation, by central differences.

    Args:
        generator: draws the images.
        w: (1, layers, w_dim), the image in question.
        direction: where to move.
        step: standard deviations to either side.

    Returns:
        (S, S), not negative, in units of the normalised range; the mean over channels.
    """
    ends = torch.cat([apply(w, [(direction, step)]), apply(w, [(direction, -step)])])
    up, down = generator.synthesise(ends)
    return ((up - down).abs() / (2 * step)).mean(0)


def by_layer(
    generator: StyleGenerator, w: torch.Tensor, direction: Direction, step: float = 0.5
) -> torch.Tensor:
    """One map per layer, moving that layer's w alone: (layers, S, S)."""
    maps = [
        sensitivity(generator, w, replace(direction, layers=(layer,)), step)
        for layer in range(generator.num_layers)
    ]
    return torch.stack(maps)


def ranking(
    generator: StyleGenerator, w: torch.Tensor, directions: list[Direction], step: float = 0.5
) -> list[tuple[Direction, float]]:
    """Directions by how much of the image they move (mean over pixels), strongest first."""
    strengths = [(d, float(sensitivity(generator, w, d, step).mean())) for d in directions]
    return sorted(strengths, key=lambda pair: -pair[1])


def total_map(
    generator: StyleGenerator, w: torch.Tensor, directions: list[Direction], step: float = 0.5
) -> torch.Tensor:
    """Where the image is most sensitive: root sum of squares over directions, (S, S)."""
    maps = torch.stack([sensitivity(generator, w, d, step) for d in directions])
    return maps.square().sum(0).sqrt()
