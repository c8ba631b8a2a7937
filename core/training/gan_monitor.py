"""What is watched while a GAN trains: fixed-seed grids, variety, KID, divergence and collapse."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from skimage.feature import hog, local_binary_pattern

from core.errors import SynthLensError
from core.preprocessing import Preprocessing
from core.training.batches import save_grid


class TrainingStoppedError(SynthLensError):
    """Training was stopped because going on would waste the time; the text says why."""


class Watch:
    """Fixed-seed samples against fixed real images.

    Args:
        real: (K, n, C, S, S) real images of every class in the generator's space.
        held_out: (M, S, S, C) uint8 held-out images, for KID.
        preprocessing: to turn samples into pixels.
        folder: gets `grids/<step>.png`.
        least: smallest variety, as a share of the real one, that is no collapse.
        patience: checks in a row below `least` until training stops.
    """

    def __init__(
        self,
        real: torch.Tensor,
        held_out: np.ndarray,
        preprocessing: Preprocessing,
        folder: Path,
        least: float = 0.2,
        patience: int = 3,
    ) -> None:
        self.real_variety = variety(real)
        self.reference = describe(held_out)
        self.preprocessing = preprocessing
        self.folder = folder / "grids"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.least = least
        self.patience = patience
        self.low = 0

    def look(self, grids: torch.Tensor, images: torch.Tensor, step: int) -> dict[str, float]:
        """Save the sample grid and measure it.

        Args:
            grids: (K, n, C, s, s) fixed-seed samples in the generator's space.
            images: (K * n, C, S, S) the same as normalised images.
            step: names the file.

        Returns:
            `diversity` (share of the real variety) and `kid` (on HOG and LBP descriptors).

        Raises:
            TrainingStoppedError: the variety stayed too low (mode collapse).
        """
        pixels = self.preprocessing.denormalise(images)
        save_grid(pixels, self.folder / f"{step:07d}.png", len(pixels) // len(grids))
        share = variety(grids) / max(self.real_variety, 1e-8)
        self.low = self.low + 1 if share < self.least else 0
        if self.low >= self.patience:
            raise TrainingStoppedError(
                f"Training stopped at step {step}: generated images vary {share:.0%} as much as "
                "real ones (mode collapse). Go back to an earlier state, raise the penalty or "
                "lower the learning rate."
            )
        return {"diversity": share, "kid": kernel_distance(describe(pixels), self.reference)}


def check_finite(values: dict[str, float], step: int) -> None:
    """Stop on divergence.

    Raises:
        TrainingStoppedError: a loss is not a finite number; the text names it.
    """
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingStoppedError(
                f"Training stopped at step {step}: {name} is {value} (divergence). Resume from "
                "the last saved state with a lower learning rate or a stronger penalty."
            )


def variety(grids: torch.Tensor) -> float:
    """Mean distance of pairs within a class, root mean square per value: (K, n, ...) to float."""
    flat = grids.flatten(2).float()
    pairs = torch.cdist(flat, flat) / math.sqrt(flat.shape[2])
    n = flat.shape[1]
    return float(pairs.sum((1, 2)).mean() / max(n * (n - 1), 1))


def describe(pixels: np.ndarray) -> np.ndarray:
    """Fixed descriptors of shape (HOG) and texture (uniform LBP), (N, F) float64."""
    rows = []
    for image in pixels:
        grey = image.mean(2).astype(np.uint8)
        cell = (max(len(grey) // 8, 4),) * 2
        shape = hog(grey, orientations=8, pixels_per_cell=cell, cells_per_block=(1, 1))
        codes = local_binary_pattern(grey, 8, 1, "uniform")
        texture = np.histogram(codes, bins=10, range=(0, 10), density=True)[0]
        rows.append(np.concatenate([shape, 4 * texture]))
    return np.stack(rows)


def kernel_distance(fake: np.ndarray, real: np.ndarray) -> float:
    """KID: squared maximum mean discrepancy, unbiased, kernel (x.y / d + 1)^3.

    Binkowski et al. 2018, sec. 4, on standardised descriptors instead of Inception features.
    """
    centre, spread = real.mean(0), real.std(0) + 1e-3
    x, y = (fake - centre) / spread, (real - centre) / spread
    k = [(a @ b.T / a.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    m, n = len(x), len(y)
    within = [(q.sum() - np.trace(q)) / (c * (c - 1)) for q, c in ((k[0], m), (k[1], n))]
    return float(within[0] + within[1] - 2 * k[2].mean())
