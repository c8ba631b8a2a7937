"""Endless, seeded batches from one or several data sets, and grids of sample images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.data.dataset import DomainData


class Pool:
    """Training images of several domains as one pool, (N, 3, S, S) on demand.

    Args:
        data: data sets of the same size; grey images are repeated to three channels.
        split: which split to draw from.
    """

    def __init__(self, data: list[DomainData], split: str = "train") -> None:
        self.data = data
        self.index = np.concatenate(
            [np.stack([np.full(len(i), d), i], 1) for d, i in enumerate(self._of(split))]
        )

    def _of(self, split: str) -> list[np.ndarray]:
        return [d.indices(split) for d in self.data]

    def __len__(self) -> int:
        return len(self.index)

    def images(self, positions: np.ndarray) -> torch.Tensor:
        """(B, 3, S, S) float32 in the normalised range."""
        found = []
        for d, i in self.index[positions]:
            pixels = np.asarray(self.data[d].images[i])
            found.append(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
        return self.data[0].preprocessing.normalise(np.stack(found))

    def draw(self, size: int, step: int, seed: int) -> torch.Tensor:
        """The batch of a step: the same for the same step and seed, so that a run resumes."""
        rng = np.random.default_rng([seed, step])
        return self.images(rng.integers(0, len(self), size))


def save_grid(pixels: np.ndarray, path: Path, columns: int = 8) -> None:
    """Write (N, S, S, C) uint8 images as one PNG, row by row."""
    n, size, _, channels = pixels.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * size, columns * size, channels), np.uint8)
    for k, image in enumerate(pixels):
        y, x = divmod(k, columns)
        sheet[y * size : (y + 1) * size, x * size : (x + 1) * size] = image
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet.squeeze()).save(path)
