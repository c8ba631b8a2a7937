"""Packs of synthetic images for the study: drawn once, marked by the quality gate, kept as arrays.

A pack is a folder with `images.npy` (N, S, S, C) uint8, `classes.npy` (N,) and `passed.npy` (N,),
and `pack.json`, which says which model drew it and what that model had learned from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.cards import Card, write_json
from core.errors import DataError
from core.evaluate.image_checks import check
from core.evaluate.quality_gate import faults
from core.evaluate.sampling import draw
from core.registry import Loaded, Registry
from core.study.provenance import learned_from

SEED = 700  # sampling seeds of packs lie far from those of evaluation and of pages
BATCH = {"cuda": 256}
ROUNDS = 3  # draws at most, as multiples of what is wanted

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pack:
    """Synthetic images of one generator.

    Attributes:
        images: (N, S, S, C) uint8.
        classes: (N,) index into the domain's image classes.
        passed: (N,) whether the quality gate let the image through.
        about: `pack.json`.
    """

    images: np.ndarray
    classes: np.ndarray
    passed: np.ndarray
    about: dict[str, Any]


def make_pack(
    registry: Registry,
    domain: str,
    model: str,
    wanted: dict[str, int],
    folder: Path,
    options: dict[str, float] | None = None,
    gate: bool = True,
    progress: Progress | None = None,
    least: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Draw images until enough of each class passed the gate, and write a pack.

    Args:
        registry: holds the generator, the encoder and the reference of real images.
        domain: domain id.
        model: id of a generator.
        wanted: number of passed images by class id.
        folder: where the pack goes.
        options: sampling options; the model's own by default.
        gate: without it every image counts as passed, and the pack says so.
        progress: called with images drawn and the largest number that may be needed.
        least: number of drawn images by class id, passed or not, for arms without the gate.

    Returns:
        What `pack.json` holds.

    Raises:
        DataError: the generator does not know a class.
    """
    loaded = registry.get(registry.card(model, domain).id)
    card, known = loaded.card, list(loaded.card.classes)
    if lacking := [c for c in wanted if c not in known]:
        raise DataError(f"{card.id} cannot draw: {', '.join(lacking)}.")
    own, wanted = _class_ids(domain), {name: count for name, count in wanted.items() if count}
    sheets: list[Sheet] = []
    for name, count in wanted.items():
        label, done = known.index(name), sum(len(s.passed) for s in sheets)
        seed = SEED + sum(s.rounds for s in sheets)

        def said(drawn: int, done: int = done) -> None:
            if progress:
                progress(done + drawn, ROUNDS * sum(wanted.values()))

        goal = (count, (least or {}).get(name, 0))
        sheets.append(_draw_class(registry, loaded, label, goal, seed, options, gate, said))
    classes = [own.index(name) for name, s in zip(wanted, sheets) for _ in s.passed]
    passed = [fine for s in sheets for fine in s.passed]
    reasons = dict(Counter(reason for s in sheets for reason in s.reasons))
    about = _about(card, domain, options, gate, classes, passed, reasons, own)
    about["trained_on"] = learned_from(registry, card)
    _write(folder, np.concatenate([s.images for s in sheets]), classes, passed, about)
    return about


def _write(
    folder: Path, images: np.ndarray, classes: list[int], passed: list[bool], about: dict[str, Any]
) -> None:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", images)
    np.save(folder / "classes.npy", np.array(classes))
    np.save(folder / "passed.npy", np.array(passed))
    write_json(folder / "pack.json", about)


@dataclass(frozen=True)
class Sheet:
    """What was drawn of one class: images, whether each passed, why not, calls of the generator."""

    images: np.ndarray
    passed: list[bool]
    reasons: list[str]
    rounds: int


def _draw_class(
    registry: Registry, loaded: Loaded, label: int, goal: tuple[int, int], seed: int,
    options: dict[str, float] | None, gate: bool, said: Callable[[int], None],
) -> Sheet:  # fmt: skip
    """Draw until the goal's first number of images passed, or were drawn `ROUNDS` times over.

    The goal's second number is drawn in any case.
    """
    count, least = goal
    batch, domain = BATCH.get(loaded.device.type, 16), loaded.card.domain
    images: list[np.ndarray] = []
    passed: list[bool] = []
    reasons: list[str] = []
    while (sum(passed) < count and len(passed) < ROUNDS * count) or len(passed) < least:
        open_ = max(2 * (count - sum(passed)), least - len(passed))
        labels = np.full(min(batch, open_), label)
        made = draw(loaded, labels, seed + len(images) + 1, options, batch)
        found = _judge(registry, domain, made) if gate else [[]] * len(made)
        images.append(made)
        passed += [not own for own in found]
        reasons += [reason for own in found for reason in own]
        said(len(passed))
    return Sheet(np.concatenate(images), passed, reasons, len(images))


def _class_ids(domain: str) -> list[str]:
    from core import domains

    return list(domains.get(domain).class_ids)


def _judge(registry: Registry, domain: str, made: np.ndarray) -> list[list[str]]:
    """What the quality gate has against each image."""
    return [faults(c) for c in check(registry, domain, made)]


def _about(
    card: Card, domain: str, options: dict[str, float] | None, gate: bool,
    classes: list[int], passed: list[bool], reasons: dict[str, int], own: list[str],
) -> dict[str, Any]:  # fmt: skip
    index, fine = np.array(classes), np.array(passed)
    return {
        "domain": domain,
        "model": card.id,
        "family": card.family,
        "weights": card.files,
        "requires": card.requires,
        "options": options or {},
        "gate": gate,
        "drawn": {own[c]: int((index == c).sum()) for c in np.unique(index)},
        "passed": {own[c]: int(fine[index == c].sum()) for c in np.unique(index)},
        "turned_away": reasons,
        "seed": SEED,
    }


def read_pack(folder: Path) -> Pack:
    """Read a pack.

    Raises:
        DataError: not there, or not whole.
    """
    try:
        arrays = [np.load(folder / f"{n}.npy", mmap_mode="r") for n in ("images",)]
        rest = [np.load(folder / f"{n}.npy") for n in ("classes", "passed")]
        about = json.loads((folder / "pack.json").read_text())
    except (OSError, ValueError) as error:
        raise DataError(
            f"No pack of synthetic images in {folder}; make it with 'python -m core study pack'."
        ) from error
    return Pack(arrays[0], rest[0], rest[1], about)
