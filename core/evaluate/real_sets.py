"""The real images that synthetic ones are compared with, and their features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.data.dataset import DomainData
from core.evaluate import sampling
from core.evaluate.features import describe, encoded, find_encoder
from core.evaluate.frechet import frechet
from core.registry import Registry

MAIN = "encoder"  # the feature space whose figures lead


class RealSets:
    """Held-out and training images of one domain with their features, made once per evaluation.

    Attributes:
        held_rows: positions of the n held-out images compared with.
        held_classes: (n,) their classes, in the generator's numbering.
        held: their features by space, each (n, D).
        other: features by space of n training images with the same class counts.
        train_rows: positions of all training images of the generator's classes.
        train_classes: (T,) their classes, in the generator's numbering.
        train_features: (T, D) their encoder features.
        floor: real-vs-real Fréchet distance (held-out to training images) by space.

    Args:
        registry: holds the encoder.
        data: images of the domain.
        classes: the generator's classes, in its order.
        n: most images to compare with.
        splits: held-out splits.
    """

    def __init__(
        self,
        registry: Registry,
        data: DomainData,
        classes: Sequence[str],
        n: int,
        splits: Sequence[str],
    ) -> None:
        known = list(classes)
        number = np.array([known.index(c) if c in known else -1 for c in data.domain.class_ids])
        self.held_rows, self.train_rows, picked = choose_rows(data, classes, n, splits)
        self.held_classes = number[data.class_index[self.held_rows]]
        self.train_classes = number[data.class_index[self.train_rows]]
        self.held_pixels = np.asarray(data.images[self.held_rows])
        self.train_pixels = np.asarray(data.images[self.train_rows])
        encoder = find_encoder(registry, data.domain.id)
        self.held = describe(encoder, self.held_pixels)
        self.other = describe(encoder, self.train_pixels[picked])
        self.train_features = encoded(encoder, self.train_pixels)
        self.floor = {name: frechet(self.held[name], self.other[name]) for name in self.held}

    def __len__(self) -> int:
        return len(self.held_rows)


def choose_rows(
    data: DomainData, classes: Sequence[str], n: int, splits: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which real images are compared: the same ones for the same arguments.

    Args:
        data: images of the domain.
        classes: image classes that take part.
        n: most held-out images.
        splits: held-out splits.

    Returns:
        Positions of at most n held-out images, sorted; positions of all training images; and the
        places among the latter of as many images with the same class counts.

    Raises:
        DataError: no held-out image of these classes.
    """
    rng = np.random.default_rng(0)
    rows = sampling.held_out(data, splits, classes)
    held = np.sort(rows[sampling.subset(data.class_index[rows], n, rng)])
    train = sampling.training(data, classes)
    return held, train, sampling.alike(data.class_index[held], data.class_index[train], rng)
