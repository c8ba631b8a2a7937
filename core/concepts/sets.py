"""Concept sets: images that show a concept, and random images of the same kind that need not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.concepts.attributes import attributes, values
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.dataset import DomainData

SHARE = 0.15  # of every class that counts as showing an attribute
LEAST = 8  # images of a set below which no vector is worth fitting

Pair = tuple[np.ndarray, np.ndarray]
"""Positions of the images of a concept and of its counterpart."""


@dataclass(frozen=True)
class ConceptSet:
    """Images that show one concept.

    Attributes:
        id: stable id, such as "attribute-heart-width".
        name: in a reader's words.
        source: "attribute", "direction" or "own".
        how: where the images come from, one or two sentences.
        positions: (M,) into the images of its `Material`.
    """

    id: str
    name: str
    source: str
    how: str
    positions: np.ndarray


@dataclass
class Material:
    """Concepts of one source and the random images that they are held against.

    Attributes:
        source: as in `ConceptSet`.
        images: (M, S, S, C) uint8.
        strata: (M,) class of every image: labels are only ever exchanged within a class.
        pool: positions of random images; none of them is in any concept.
        concepts: what to test.
        about: what the images are, for the report.
    """

    source: str
    images: np.ndarray
    strata: np.ndarray
    pool: np.ndarray
    concepts: list[ConceptSet]
    about: str = ""


@dataclass(frozen=True)
class Test:
    """One concept against random images, classes alike on both sides.

    Attributes:
        concept, random: (n,) positions, as many of every class in both.
        pairs: R (concept, counterpart) positions, counterparts drawn anew from the pool.
    """

    concept: np.ndarray
    random: np.ndarray
    pairs: list[Pair]


def arrange(material: Material, concept: ConceptSet, runs: int, size: int, seed: int) -> Test:
    """Choose the images of one concept's test.

    Args:
        material: holds the pool.
        concept: one of its concepts.
        runs: R, random counterparts of the TCAV score.
        size: most images of the concept.
        seed: of the choice.

    Raises:
        DataError: fewer than `LEAST` images.
    """
    rng = np.random.default_rng(seed)
    own, other = matched(
        rng.permutation(concept.positions)[:size], material.pool, material.strata, rng
    )
    if len(own) < LEAST:
        raise DataError(
            f"'{concept.name}' has {len(own)} images with random images of their class beside "
            f"them; {LEAST} are needed."
        )
    pairs = [(own, matched(own, material.pool, material.strata, rng)[1]) for _ in range(runs)]
    return Test(own, other, pairs)


def random_pairs(material: Material, runs: int, size: int, seed: int) -> list[Pair]:
    """R pairs of two random sets without a common image: what scores chance gives."""
    rng = np.random.default_rng([seed, 1])
    n = min(size, len(material.pool) // 2)
    draws = [rng.permutation(material.pool) for _ in range(runs)]
    return [(np.sort(d[:n]), np.sort(d[n : 2 * n])) for d in draws]


def matched(
    own: np.ndarray, pool: np.ndarray, strata: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """As many random images of every class as the concept has, and the concept's that have a match.

    Returns:
        (n,) positions of the concept and (n,) of the pool, each ascending.
    """
    kept, drawn = [], []
    for stratum in np.unique(strata[own]):
        mine = own[strata[own] == stratum]
        theirs = rng.permutation(pool[strata[pool] == stratum])
        n = min(len(mine), len(theirs))
        kept.append(mine[:n])
        drawn.append(theirs[:n])
    return np.sort(np.concatenate(kept)), np.sort(np.concatenate(drawn))


def from_attributes(data: DomainData, limit: int = 4000, seed: int = 0) -> Material:
    """Concepts measured on real training images: the top 15 % of each class by an attribute.

    Taking the top of *each class* keeps classes as frequent among a concept's images as among
    the random ones; otherwise a concept that goes with a class (opacity with pneumonia) would be
    told by the class, and its vector would be the class's. Of every group (patient, duplicates)
    one image is taken; half of them serve concepts, the other half the random sets.

    Args:
        data: the domain's images.
        limit: most images to measure and to draw from, over both halves.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(data.indices("train"))
    _, first = np.unique(data.group[shuffled], return_index=True)
    index = shuffled[rng.permutation(first)[:limit]]
    candidates, pool = np.arange(len(index) // 2), np.arange(len(index) // 2, len(index))
    images, classes = np.asarray(data.images[index]), data.class_index[index]
    measured = values(data.domain, images[candidates])
    concepts = []
    for attribute in attributes(data.domain):
        top = top_of_each(measured[attribute.id], classes[candidates], rng)
        if len(top) >= LEAST:
            own = f"attribute-{attribute.id}"
            concepts.append(ConceptSet(own, attribute.name, "attribute", attribute.how, top))
    about = (
        f"real training images, the top {SHARE:.0%} of each class by a measured attribute; "
        "random images of other patients, classes alike"
    )
    return Material("attribute", images, classes, pool, concepts, about)


def top_of_each(
    measured: np.ndarray, classes: np.ndarray, rng: np.random.Generator, share: float = SHARE
) -> np.ndarray:
    """Positions of the highest `share` of every class; none where an attribute hardly varies.

    Args:
        measured: (N,).
        classes: (N,).
        rng: breaks ties.
        share: of each class.
    """
    found = []
    for own in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == own))
        order = members[np.argsort(measured[members], kind="stable")[::-1]]
        top, rest = np.split(order, [round(share * len(order))])
        # a tie across the cut (no dark frame at all, say) tells nothing apart
        if len(top) and len(rest) and measured[top[-1]] > np.median(measured[rest]):
            found.append(top)
    return np.concatenate(found) if found else np.zeros(0, int)
