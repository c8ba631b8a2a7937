"""Activations of any layer as short vectors, and back: averages over a coarse grid.

A concept vector over every position of a layer has tens of thousands of entries, more than images
to fit it on. Here it is constant within the cells of a 4 by 4 grid, which keeps where a concept
lies (an opacity's zone) and makes vectors small enough to ship.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

CELLS = 4


def _cells(side: int) -> int:
    """Most cells along a side, up to `CELLS`, that divide it evenly."""
    return max(n for n in range(1, CELLS + 1) if side % n == 0)


@dataclass(frozen=True)
class Grid:
    """A linear map from one layer's activations to vectors, with orthonormal rows.

    Because the rows are orthonormal, the gradient of a score with respect to the vector is the
    same map applied to the gradient of the activations.

    Attributes:
        shape: of the activations without the batch: (C, h, w), (tokens, dim) or (features,).
    """

    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Length of the vectors."""
        if len(self.shape) == 3:
            channels, height, width = self.shape
            return channels * _cells(height) * _cells(width)
        if len(self.shape) == 2:
            return self.shape[1] * (1 + _cells(self._side) ** 2)
        return self.shape[0]

    @property
    def _side(self) -> int:
        """Patches along a side of a transformer's token grid (the class token comes first)."""
        return math.isqrt(self.shape[0] - 1)

    def pool(self, x: torch.Tensor) -> torch.Tensor:
        """Activations (N, *shape) to vectors (N, size)."""
        if len(self.shape) == 3:
            return _pool(x)
        if len(self.shape) == 2:
            patches = x[:, 1:].transpose(1, 2).unflatten(2, (self._side, self._side))
            return torch.cat([x[:, 0], _pool(patches)], 1)
        return x

    def spread(self, vector: torch.Tensor) -> torch.Tensor:
        """Vectors (N, size) to activations (N, *shape): the transpose of `pool`."""
        if len(self.shape) == 3:
            return _spread(vector, self.shape)
        if len(self.shape) == 2:
            dim, side = self.shape[1], self._side
            patches = _spread(vector[:, dim:], (dim, side, side)).flatten(2).transpose(1, 2)
            return torch.cat([vector[:, :dim, None].transpose(1, 2), patches], 1)
        return vector


def _pool(x: torch.Tensor) -> torch.Tensor:
    channels, height, width = x.shape[1:]
    rows, columns = _cells(height), _cells(width)
    cells = x.reshape(len(x), channels, rows, height // rows, columns, width // columns)
    size = (height // rows) * (width // columns)
    return (cells.sum((3, 5)) / math.sqrt(size)).flatten(1)


def _spread(vector: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    channels, height, width = shape
    rows, columns = _cells(height), _cells(width)
    cells = vector.reshape(-1, channels, rows, 1, columns, 1)
    size = (height // rows) * (width // columns)
    filled = cells.expand(-1, -1, -1, height // rows, -1, width // columns)
    return (filled / math.sqrt(size)).reshape(-1, channels, height, width)
