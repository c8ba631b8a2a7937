"""The random chain that real and synthetic images pass alike, so that no file trace tells them."""

from __future__ import annotations

import numpy as np

from core.degradations import DEGRADATIONS

RANGES: dict[str, tuple[float, float]] = {
    "jpeg": (40, 100),
    "webp": (40, 100),
    "scale": (0.5, 1.5),
    "blur": (0.2, 1.0),
    "noise": (0.5, 5.0),
    "crop": (0.0, 0.12),
    "gamma": (0.8, 1.25),
}
"""Smallest and largest amount of each degradation in training."""

WEIGHTS = {"jpeg": 2.0, "scale": 2.0}
"""How often one is drawn, against 1: files on the way to a person are re-encoded and resized."""

LONGEST = 3


def random_chain(rng: np.random.Generator, leave_out: str = "") -> list[tuple[str, float]]:
    """Up to three different degradations with their amounts, in the order they are applied.

    Args:
        rng: source of randomness.
        leave_out: name of one that is kept for testing on the unseen.
    """
    names = [n for n in RANGES if n != leave_out]
    weights = np.array([WEIGHTS.get(name, 1.0) for name in names])
    count = int(rng.integers(0, LONGEST + 1))
    chosen = rng.choice(names, count, replace=False, p=weights / weights.sum())
    return [(str(name), float(rng.uniform(*RANGES[str(name)]))) for name in chosen]


def degrade(pixels: np.ndarray, rng: np.random.Generator, leave_out: str = "") -> np.ndarray:
    """One image (H, W, C) uint8 through a random chain; the shape stays."""
    for name, amount in random_chain(rng, leave_out):
        pixels = DEGRADATIONS[name](pixels, amount, rng)
    return pixels


def degrade_all(images: np.ndarray, seed: int, leave_out: str = "") -> np.ndarray:
    """Images (N, S, S, C) uint8, each through its own chain; repeatable by seed."""
    return np.stack(
        [degrade(image, np.random.default_rng([seed, i]), leave_out) for i, image in
         enumerate(images)]
    )  # fmt: skip
