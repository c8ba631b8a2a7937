"""Synthetic and real sets of equal size and class make-up, for evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch

from core.data.dataset import DomainData
from core.errors import DataError
from core.models.base import Generator
from core.registry import Loaded

SEED_STEP = 1_000_000  # sampling seed s draws image i with seed s × SEED_STEP + i


def draw(
    loaded: Loaded,
    classes: np.ndarray,
    seed: int,
    options: dict[str, float] | None = None,
    batch: int = 16,
    first: int = 0,
) -> np.ndarray:
    """Synthetic images of given classes.

    Args:
        loaded: a generator.
        classes: (N,) index into the card's classes.
        seed: sampling seed.
        options: `steps`, `guidance`, `truncation`; the model's own defaults otherwise.
        batch: images at a time.
        first: number of the first image, where this is part of a larger set.

    Returns:
        (N, S, S, C) uint8.
    """
    generator = cast(Generator, loaded.module)
    recipe = loaded.card.preprocess()
    found = []
    for start in range(0, len(classes), batch):
        labels = torch.from_numpy(classes[start : start + batch].astype(np.int64))
        seeds = [seed * SEED_STEP + first + start + i for i in range(len(labels))]
        with loaded.lock, torch.inference_mode():
            images = generator.sample(labels.to(loaded.device), seeds, None, **(options or {}))
        found.append(recipe.denormalise(images))
    return np.concatenate(found)


def held_out(data: DomainData, splits: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Positions of held-out real images of some classes; of "test" only the de-duplicated part.

    Raises:
        DataError: none there.
    """
    rows = np.concatenate([data.indices(s, clean=s == "test") for s in splits])
    rows = rows[_of_classes(data, rows, classes)]
    if not len(rows):
        raise DataError(f"No held-out image of {data.domain.name} in {', '.join(splits)}.")
    return rows


def training(data: DomainData, classes: Sequence[str]) -> np.ndarray:
    """Positions of training images of some classes."""
    rows = data.indices("train")
    return rows[_of_classes(data, rows, classes)]


def _of_classes(data: DomainData, rows: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    wanted = [data.domain.class_ids.index(c) for c in classes]
    return np.isin(data.class_index[rows], wanted)


def subset(classes: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """At most `n` positions whose classes keep their shares (largest remainder)."""
    n = min(n, len(classes))
    names, counts = np.unique(classes, return_counts=True)
    exact = counts * n / len(classes)
    take = np.floor(exact).astype(int)
    take[np.argsort(take - exact)[: n - take.sum()]] += 1
    rows = [rng.permutation(np.flatnonzero(classes == c))[:k] for c, k in zip(names, take)]
    return np.concatenate(rows)


def alike(wanted: np.ndarray, pool: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Positions in `pool` (classes of other images) with the same class counts as `wanted`.

    Raises:
        DataError: the pool holds too few images of a class.
    """
    rows = []
    for name, count in zip(*np.unique(wanted, return_counts=True)):
        found = rng.permutation(np.flatnonzero(pool == name))[:count]
        if len(found) < count:
            raise DataError("Too few training images of a class for a real-vs-real comparison.")
        rows.append(found)
    return np.concatenate(rows)
