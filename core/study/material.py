"""Everything the study's cells share, loaded once: real splits, packs, all on the device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.data.dataset import DomainData
from core.errors import DataError
from core.preprocessing import Preprocessing
from core.study.grid import DUPLICATE, Arm, Cell, arm
from core.study.pack import Pack, read_pack
from core.training.held_out import HeldOut, make_held_out
from core.training.resident import Resident
from core.training.trainset import subset


@dataclass
class Material:
    """What cells are made of.

    Attributes:
        data: the domain's images.
        task: id of the labelling.
        recipe: preprocessing of the images that cells see; smaller than the data's where the
            study asks for a `side`.
        pool: real training images and then each pack's, on the device.
        classes: (P,) image class of every image of the pool.
        real: (R,) positions in `data` of the pool's first R images.
        packs: pack by name, and the position of its first image in the pool.
        held: images that choose the epoch, the temperature and the threshold.
        test: (T,) positions in `data` of the official test images.
        test_images: (T, S, S, C) uint8.
    """

    data: DomainData
    task: str
    recipe: Preprocessing
    pool: Resident
    classes: np.ndarray
    real: np.ndarray
    packs: dict[str, tuple[Pack, int]]
    held: HeldOut
    test: np.ndarray
    test_images: np.ndarray

    @property
    def test_labels(self) -> np.ndarray:
        """(T,) true labels."""
        return self.data.labels(self.task)[self.test]

    @property
    def test_clean(self) -> np.ndarray:
        """(T,) whether the image shares nothing with training or validation."""
        return self.data.clean_test[self.test]

    def choose(self, cell: Cell) -> np.ndarray:
        """Positions in the pool of a cell's training images; copies are repeats.

        Raises:
            DataError: the pack holds too few images of a class.
        """
        what, rng = arm(cell.arm), np.random.default_rng([cell.seed, 77])
        rows = np.searchsorted(self.real, subset(self.data, self.real, cell.share))
        added = [self._added(what, rows[self.classes[rows] == c], c, rng)
                 for c in np.unique(self.classes[rows])] if what.ratio else []  # fmt: skip
        return np.concatenate([*([rows] if what.keep_real else []), *added])

    def _added(
        self, what: Arm, own: np.ndarray, label: int, rng: np.random.Generator
    ) -> np.ndarray:
        """`ratio` images per real one of a class: each candidate once before any twice."""
        count = round(what.ratio * len(own))
        if what.source == DUPLICATE:
            rounds = [rng.permutation(own) for _ in range(-(-count // len(own)))]
            return np.concatenate([*rounds, own[:0]])[:count]
        pack, start = self.packs[what.source]
        fits = pack.classes == label
        fits = fits & pack.passed if what.filtered else fits
        found = rng.permutation(np.flatnonzero(fits))
        if len(found) < count:
            raise DataError(
                f"The pack '{what.source}' holds {len(found)} images of "
                f"{self.data.domain.class_ids[label]} for '{what.name}', {count} are needed."
            )
        return start + found[:count]


def gather(data: DomainData, config: dict[str, Any], root: Path, device: torch.device) -> Material:
    """Load everything for the cells of a study; packs that are not there are left out.

    Args:
        data: the domain's images.
        config: of the study.
        root: where relative pack folders lie.
        device: where cells train.
    """
    task = data.domain.task(config["task"]).id
    recipe = replace(data.preprocessing, size=int(config.get("side", data.preprocessing.size)))
    real = data.indices("train", task)
    found: dict[str, tuple[Pack, int]] = {}
    images, classes = [resized(data.images[real], recipe)], [data.class_index[real]]
    size = len(real)
    for name, folder in config["packs"].items():
        if not (root / folder / "pack.json").exists():
            continue
        pack = read_pack(root / folder)
        if pack.images.shape[1:] != data.images.shape[1:]:
            raise DataError(f"The images of the pack {folder} have another size than the real.")
        found[name] = (pack, size)
        images.append(resized(pack.images, recipe))
        classes.append(pack.classes)
        size += len(pack.classes)
    joined = np.concatenate(classes)
    pool = Resident(np.concatenate(images), _labels(data, task)[joined], recipe, device)
    held = make_held_out(data, task, config)
    held.images = resized(held.images, recipe)
    test = data.indices("test", task)
    return Material(
        data, task, recipe, pool, joined, real, found, held, test,
        resized(data.images[test], recipe),
    )  # fmt: skip


def resized(images: np.ndarray, recipe: Preprocessing) -> np.ndarray:
    """Images (N, S, S, C) uint8 at a recipe's side.

    Real and synthetic images go the same way from the same side, so that nothing but content
    tells them apart.
    """
    if images.shape[1] == recipe.size:
        return np.asarray(images)
    return np.stack([recipe.pixels(image) for image in images])


def _labels(data: DomainData, task: str) -> np.ndarray:
    wanted = data.domain.task(task)
    named = [wanted.label_of(c) for c in data.domain.class_ids]
    return np.array([-1 if v is None else wanted.labels.index(v) for v in named], dtype=np.int64)
