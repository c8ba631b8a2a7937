"""What a classifier is chosen and calibrated on: validation as it is, and under shift.

A random validation split shares its hospital, decade and file history with training; an official
test set need not. Copies of the validation images under another tone and texture ask for more,
and keep the temperature and the threshold from being fitted to a task without any errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.data.dataset import DomainData
from core.errors import DataError
from core.preprocessing import Preprocessing
from core.training.augment import Augmentation

SEED = 20_000


@dataclass
class HeldOut:
    """Images that choose and calibrate, never train.

    Attributes:
        images: (M, S, S, C) uint8.
        labels: (M,) int64.
        part: (M,) "val" or "shift".
    """

    images: np.ndarray
    labels: np.ndarray
    part: np.ndarray


def make_held_out(data: DomainData, task: str, config: dict[str, Any]) -> HeldOut:
    """The validation split and, by `[held_out]` of a configuration, shifted copies of it.

    `copies`: shifted copies of every image (default 1); `[held_out.shift]`: arguments of
    `Augmentation` for them; without that table there are none.

    Raises:
        DataError: the data has no validation image.
    """
    settings = config.get("held_out", {})
    val = data.indices("val", task)
    if not len(val):
        raise DataError(f"Too few images of {data.domain.name} for a validation split.")
    images, labels = np.asarray(data.images[val]), data.labels(task)[val]
    if not (shift := settings.get("shift")):
        return HeldOut(images, labels, np.full(len(val), "val"))
    copies = int(settings.get("copies", 1))
    changed = [shifted(images, data.preprocessing, shift, SEED + k) for k in range(copies)]
    part = np.repeat(["val", "shift"], [len(val), copies * len(val)])
    return HeldOut(np.concatenate([images, *changed]), np.tile(labels, 1 + copies), part)


def shifted(
    images: np.ndarray, recipe: Preprocessing, settings: dict[str, Any], seed: int = SEED
) -> np.ndarray:
    """One copy of each image (N, S, S, C) uint8 under another tone and texture, by seed."""
    change, random = Augmentation(**settings), torch.Generator().manual_seed(seed)
    parts = [
        recipe.denormalise(change(recipe.normalise(images[i : i + 256]), random))
        for i in range(0, len(images), 256)
    ]
    return np.concatenate(parts) if parts else images
