"""Honest splits: validation carved from training, nothing shared across splits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.hashes import groups, near_pairs, same_pairs
from core.data.items import Item

SEED = 0
VALIDATION = 0.1
TEST = 0.15  # carved only where the source has no official test set


@dataclass(frozen=True)
class Split:
    """A split of N images.

    Attributes:
        split: (N,) "train", "val" or "test"; official test images are always "test".
        clean_test: (N,) test images without a duplicate, near-duplicate or fellow image of the
            same patient in training or validation.
        group: (N,) images of one group never stand on both sides of train | val.
    """

    split: np.ndarray
    clean_test: np.ndarray
    group: np.ndarray


def make_split(
    items: list[Item], pixel_hashes: list[str], perceptual: np.ndarray, seed: int = SEED
) -> Split:
    """Split images so that no patient and no (near-)duplicate crosses.

    Args:
        items: N images.
        pixel_hashes: N exact hashes of decoded pixels.
        perceptual: (N, 32) uint8 perceptual hashes.
        seed: of the shuffling; the shipped models all use the default.
    """
    patients = [i.patient and f"{i.source}/{i.patient}" for i in items]
    pairs = [same_pairs(patients), same_pairs(list(pixel_hashes)), near_pairs(perceptual)]
    group = groups(len(items), np.concatenate(pairs))
    split = np.array([i.official or "free" for i in items], dtype="<U5")
    split[split == "val"] = "train"  # 16 official images are too few to choose anything on
    classes = np.array([i.class_id for i in items])
    rng = np.random.default_rng(seed)
    split = _carve(split, "free", "test", TEST, classes, group, rng)
    split[split == "free"] = "train"
    reachable = set(group[split == "train"])
    clean = np.array([s == "test" and g not in reachable for s, g in zip(split, group)])
    split = _carve(split, "train", "val", VALIDATION, classes, group, rng)
    return Split(split, clean, group)


def _carve(
    split: np.ndarray,
    origin: str,
    target: str,
    share: float,
    classes: np.ndarray,
    group: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Move whole groups from one split to another until each class has its share."""
    split = split.copy()
    for name in np.unique(classes):
        pool = (split == origin) & (classes == name)
        wanted = round(share * pool.sum())
        for candidate in rng.permutation(np.unique(group[pool])):
            members = (group == candidate) & (split == origin)
            mine = members & (classes == name)
            if wanted <= 0:
                break
            if mine.sum() <= wanted and mine.sum() * 2 > members.sum():
                split[members] = target
                wanted -= int(mine.sum())
    return split
