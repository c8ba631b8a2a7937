"""SeFa: latent directions in closed form from the generator's own weights."""

from __future__ import annotations

from typing import Protocol

import torch


class Styled(Protocol):
    """A generator whose layers turn w into styles by affine maps."""

    def style_weights(self) -> list[torch.Tensor]:
        """One (styles, w_dim) matrix per layer."""


def sefa(
    generator: Styled, count: int, layers: list[int] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit directions of w that change the styles of the chosen layers most.

    Shen and Zhou 2021, eq. 5 and 6: they maximise |A n|² under |n| = 1, hence are the
    eigenvectors of AᵀA with the largest eigenvalues, A the stacked affine weights.

    Args:
        generator: the model.
        count: number of directions.
        layers: layers whose weights are stacked; all by default.

    Returns:
        Directions (count, w_dim) of unit length, strongest first, their largest entry positive;
        and the eigenvalues, (count,).
    """
    weights = generator.style_weights()
    chosen = range(len(weights)) if layers is None else layers
    stacked = torch.cat([weights[i] for i in chosen]).double()
    values, vectors = torch.linalg.eigh(stacked.T @ stacked)  # ascending
    values, vectors = values.flip(0)[:count], vectors.flip(1).T[:count]
    return oriented(vectors).float(), values.float()


def oriented(vectors: torch.Tensor) -> torch.Tensor:
    """Flip each row so that its largest entry is positive: a sign that does not depend on luck."""
    rows = torch.arange(len(vectors))
    largest = vectors[rows, vectors.abs().argmax(1)]
    return vectors * largest.sign()[:, None]
