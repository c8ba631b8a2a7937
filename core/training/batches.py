"""Endless, seeded batches from one or several data sets, and grids of sample images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.data.dataset import DomainData


class Pool:
    """Images of several domains as one pool on a device, (N, 3, S, S) on demand.

    Args:
        data: data sets of the same size; grey images are repeated to three channels.
        split: which split to draw from.
        device: where the pixels lie, as uint8.
    """

    def __init__(
        self, data: list[DomainData], split: str = "train", device: torch.device | str = "cpu"
    ) -> None:
        self.data = data
        parts = [np.ascontiguousarray(d.images[d.indices(split)]) for d in data]
        self.pixels = [torch.from_numpy(p).permute(0, 3, 1, 2).to(device) for p in parts]
        self.starts = np.cumsum([0, *(len(p) for p in parts)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def images(self, positions: np.ndarray) -> torch.Tensor:
        """(B, 3, S, S) float32 in the normalised range, in the order of the positions."""
        found = []
        for pixels, start, end in zip(self.pixels, self.starts, self.starts[1:]):
            own = positions[(positions >= start) & (positions < end)] - start
            found.append(pixels[torch.from_numpy(own)].expand(-1, 3, -1, -1))
        domain = np.searchsorted(self.starts, positions, "right")
        order = torch.from_numpy(np.argsort(np.argsort(domain, kind="stable")))
        recipe = self.data[0].preprocessing
        return (torch.cat(found)[order].float() / 255 - recipe.mean) / recipe.std

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
