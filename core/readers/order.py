"""Every reader's own order: balanced over readers, and within each reader's session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from core.readers.design import CAUSABILITY, DIAGNOSE, RATE


@dataclass(frozen=True)
class Place:
    """One trial of an order: which case, which look at it, and on which side the pair stands."""

    case: int
    step: int = 0
    flipped: bool = False


def williams(n: int, row: int) -> list[int]:
    """A row of a Williams square (Williams 1949): each item at each place, after each other item.

    Args:
        n: number of items; 2n rows for odd n, n for even.
        row: any number from 0; rows repeat.
    """
    zigzag = [(k + 1) // 2 if k % 2 else n - k // 2 for k in range(n)]
    found = [(item + row // (1 + n % 2)) % n for item in zigzag]
    return found[::-1] if n % 2 and row % 2 else found


def spread(strata: Sequence[Hashable], rng: np.random.Generator) -> list[int]:
    """Random positions that keep every stratum evenly spread: no run of one kind at the end."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for place, stratum in enumerate(strata):
        members[stratum].append(place)
    when: dict[int, float] = {}
    for own in members.values():
        shuffled = rng.permutation(own)
        for k, place in enumerate(shuffled):
            when[int(place)] = (k + rng.random()) / len(own)
    return sorted(when, key=when.__getitem__)


def sides(n: int, rng: np.random.Generator) -> np.ndarray:
    """N booleans, half of them true (one more or less for odd n), in random order."""
    return rng.permutation((np.arange(n) + rng.integers(2)) % 2 == 0)


def order(tasks: Sequence[str], strata: Sequence[Hashable], seed: int, number: int) -> list[Place]:
    """The order of one reader.

    Tasks come in blocks, in an order that is balanced over readers. Within a block, kinds of
    cases (real and synthetic, pairs of methods …) are evenly spread, and pairs change sides. The
    second look at a case follows the first; the questions on a whole method follow its ratings.

    Args:
        tasks: the task of every case.
        strata: what to spread evenly within its task, for every case.
        seed: of the study.
        number: of the reader, from 1.
    """
    rng = np.random.default_rng([seed, number])
    blocks = sorted({t for t in tasks if t != CAUSABILITY})
    found: list[Place] = []
    for block in williams(len(blocks), number - 1) if blocks else []:
        found += _block(blocks[block], tasks, strata, rng)
        if blocks[block] == RATE:
            found += _block(CAUSABILITY, tasks, strata, rng)
    if RATE not in blocks:
        found += _block(CAUSABILITY, tasks, strata, rng)
    return found


def _block(
    task: str, tasks: Sequence[str], strata: Sequence[Hashable], rng: np.random.Generator
) -> list[Place]:
    own = [i for i, t in enumerate(tasks) if t == task]
    flips = sides(len(own), rng)
    places = []
    for i, flipped in zip(spread([strata[i] for i in own], rng), flips):
        steps = (0, 1) if task == DIAGNOSE else (0,)
        places += [Place(own[i], step, bool(flipped)) for step in steps]
    return places
