"""Synthetic images that a detector trains on: folders of generated ones, and classic fakes.

Classic fakes are made from real images of the split at hand: blends of two patients, mixtures
with near neighbours (SMOTE, Chawla et al. 2002), pasted patches, up-scaled low resolution, and
the round trip through the autoencoder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from core.errors import DataError
from core.preprocessing import Preprocessing
from core.registry import Registry

CLASSIC = ("blend", "smote", "patch", "upscaled")
ROUND_TRIP = "autoencoder"
TEST_SEED = 900_000  # images of this seed or a higher one are for testing, never trained on
_NEIGHBOURS = 5
_THUMBNAIL = 8


@dataclass
class Fakes:
    """Draws synthetic images by family, from one split.

    Attributes:
        images: (N, S, S, C) uint8 real images that classic fakes are made of.
        classes: (N,) their classes; only images of one class are mixed.
        made: family to finished fakes (M, S, S, C) uint8: generators, round trips.
        leave_out: families that are not drawn.
        weights: how often a family is drawn, against 1 for all others.
    """

    images: np.ndarray
    classes: np.ndarray
    made: dict[str, np.ndarray] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.members = {int(c): np.flatnonzero(self.classes == c) for c in np.unique(self.classes)}
        step = max(1, self.images.shape[1] // _THUMBNAIL)
        small = self.images[:, step // 2 :: step, step // 2 :: step].mean(axis=3)
        self.thumbnails = small.reshape(len(self.images), -1).astype(np.float32)

    @property
    def families(self) -> list[str]:
        """Families that are drawn, sorted."""
        known = {*CLASSIC, *(k for k, v in self.made.items() if len(v))}
        return sorted(known - set(self.leave_out))

    def draw(self, rng: np.random.Generator, family: str | None = None) -> tuple[np.ndarray, str]:
        """One fake (S, S, C) uint8 and its family; the family is drawn by weight if not given."""
        name = family or str(rng.choice(self.families, p=self._chances()))
        if name in self.made:
            own = self.made[name]
            return own[rng.integers(len(own))], name
        makers: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
            "blend": self._blend,
            "smote": self._smote,
            "patch": self._patch,
            "upscaled": self._upscaled,
        }
        return makers[name](rng), name

    def _chances(self) -> np.ndarray:
        weights = np.array([self.weights.get(name, 1.0) for name in self.families])
        return weights / weights.sum()

    def many(self, n: int, seed: int, family: str | None = None) -> tuple[np.ndarray, list[str]]:
        """`n` fakes (n, S, S, C) and their families; repeatable by seed, families in turn."""
        found = []
        for i in range(n):
            own = family or self.families[i % len(self.families)]
            found.append(self.draw(np.random.default_rng([seed, i]), own))
        return np.stack([f[0] for f in found]), [f[1] for f in found]

    def pick(self, rng: np.random.Generator) -> int:
        """Position of a real image, every class as likely as another.

        Generators draw classes evenly; were real images of a class rarer, the class itself would
        speak for "synthetic".
        """
        return int(rng.choice(self.members[int(rng.choice(list(self.members)))]))

    def _pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        first = self.pick(rng)
        second = int(rng.choice(self.members[int(self.classes[first])]))
        return self.images[first].astype(np.float32), self.images[second].astype(np.float32)

    def _blend(self, rng: np.random.Generator) -> np.ndarray:
        one, other = self._pair(rng)
        share = rng.uniform(0.3, 0.7)
        return _bytes(share * one + (1 - share) * other)

    def _smote(self, rng: np.random.Generator) -> np.ndarray:
        first = self.pick(rng)
        pool = rng.permutation(self.members[int(self.classes[first])])[:400]
        gaps = ((self.thumbnails[pool] - self.thumbnails[first]) ** 2).sum(axis=1)
        near = pool[np.argsort(gaps)[1 : _NEIGHBOURS + 1]] if len(pool) > 1 else pool
        one = self.images[first].astype(np.float32)
        # Chawla et al. 2002, section 4.2: a point on the line to a near neighbour
        return _bytes(one + rng.uniform(0.2, 0.8) * (self.images[int(rng.choice(near))] - one))

    def _patch(self, rng: np.random.Generator) -> np.ndarray:
        one, other = self._pair(rng)
        size = one.shape[0]
        height, width = (rng.uniform(0.25, 0.5, 2) * size).astype(int)
        top, left = rng.integers(size - height + 1), rng.integers(size - width + 1)
        mask = np.zeros(one.shape[:2], np.float32)
        mask[top : top + height, left : left + width] = 1
        mask = gaussian_filter(mask, rng.uniform(0.5, 3.0))[..., None]
        return _bytes(mask * other + (1 - mask) * one)

    def _upscaled(self, rng: np.random.Generator) -> np.ndarray:
        image = self.images[self.pick(rng)]
        size = image.shape[0]
        low = max(2, round(size / rng.uniform(3.0, 5.0)))
        pil = Image.fromarray(image.squeeze()).resize((low, low), Image.Resampling.BICUBIC)
        method = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)[rng.integers(2)]
        return np.asarray(pil.resize((size, size), method)).reshape(image.shape)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def generated(folders: list[str], recipe: Preprocessing, part: str) -> dict[str, np.ndarray]:
    """Generated images by generator id, from every `manifest.json` below the folders.

    A tenth of each generator's files is kept for validation by a hash of class and seed; seeds
    from `TEST_SEED` on are left alone.

    Args:
        folders: written by `python -m core generate`.
        recipe: how to bring them to the model's size.
        part: "train" or "val".

    Raises:
        DataError: a folder without any manifest.
    """
    found: dict[str, list[np.ndarray]] = {}
    for folder in folders:
        manifests = sorted(Path(folder).rglob("manifest.json"))
        if not manifests:
            raise DataError(
                f"No manifest.json below {folder}; fill it with 'python -m core generate'."
            )
        for path in manifests:
            content = json.loads(path.read_text())
            for entry in content["images"]:
                held = _place(f"{entry['class']}/{entry['seed']}") < 0.1
                if held == (part == "val") and int(entry["seed"]) < TEST_SEED:
                    with Image.open(path.parent / entry["file"], formats=("PNG",)) as image:
                        pixels = recipe.pixels(np.asarray(image))
                    found.setdefault(str(content["model"]), []).append(pixels)
    return {name: np.stack(images) for name, images in found.items()}


def _place(key: str) -> float:
    """A number in [0, 1) that hangs on the key alone."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32


def round_trips(
    registry: Registry, images: np.ndarray, recipe: Preprocessing, model_id: str
) -> np.ndarray:
    """Images (N, S, S, C) through an autoencoder's encoder and decoder, uint8."""
    loaded, rows = registry.get(model_id), []
    with loaded.lock, torch.inference_mode():
        for start in range(0, len(images), 32):
            x = recipe.normalise(images[start : start + 32]).to(loaded.device)
            module = loaded.module
            rows.append(recipe.denormalise(module.decode(module.encode(x), x.shape[1])))  # type: ignore[operator]
    return np.concatenate(rows)
