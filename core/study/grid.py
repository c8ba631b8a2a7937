"""The cells of the augmentation study: which small trainings there are, and in what order.

A cell is one training of one architecture in one regime (share of the real images) on one arm
(what is added to them) with one seed. Cells that answer the main question come first, so that a
run cut short still answers it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DataError

REAL, CLASSIC, DUPLICATE = "real", "classic", "duplicate"
UNFILTERED, ONLY = "-unfiltered", "-only"


@dataclass(frozen=True)
class Arm:
    """What a cell trains on besides its share of the real images.

    Attributes:
        name: "real" (as they are), "classic" (with classic augmentation, as all arms below),
            "duplicate@1" (the count-matched control: that many copies of real images per real
            one), "diffusion@1" (synthetic images that passed the quality gate),
            "diffusion-unfiltered@1" (as drawn), "diffusion-only" (as many as the real images,
            which are left out).
        source: "", "duplicate", or the name of a pack of synthetic images.
        ratio: added images per real one.
        filtered: whether only images that passed the quality gate are used.
        keep_real: whether the real images are trained on.
    """

    name: str
    source: str = ""
    ratio: float = 0.0
    filtered: bool = True
    keep_real: bool = True

    @property
    def synthetic(self) -> bool:
        """Whether it trains on generated images."""
        return self.source not in ("", DUPLICATE)

    @property
    def control(self) -> str:
        """The arm it is to be judged against, which trains on as many images, all of them real."""
        return f"{DUPLICATE}@{self.ratio:g}" if self.keep_real else CLASSIC


def arm(name: str) -> Arm:
    """Read an arm's name.

    Raises:
        DataError: not such a name.
    """
    if name in (REAL, CLASSIC):
        return Arm(name)
    if name.endswith(ONLY):
        return Arm(name, name.removesuffix(ONLY), 1.0, True, keep_real=False)
    source, _, ratio = name.partition("@")
    try:
        amount = float(ratio)
    except ValueError as error:
        raise DataError(f"'{name}' is no arm of the study.") from error
    return Arm(name, source.removesuffix(UNFILTERED), amount, not source.endswith(UNFILTERED))


@dataclass(frozen=True)
class Cell:
    """One small training.

    Attributes:
        model: name of a table `[models.NAME]`.
        share: of the real training images, 0 to 1.
        arm: name of the arm.
        seed: of weights, batches, augmentation and the choice of added images.
    """

    model: str
    share: float
    arm: str
    seed: int

    @property
    def key(self) -> str:
        """Name in files: "cnn_5_diffusion@1_s0"."""
        return f"{self.model}_{self.share * 100:g}_{self.arm}_s{self.seed}"


def read_study(path: Path) -> dict[str, Any]:
    """Read a study's configuration.

    Top level: `domain`, `task`, `shares`, `seeds` (how many, per share), `ratios`, `central`
    (seeds of the central cells of further models), `keep` (cells whose weights are published);
    tables `[packs]`, `[train]`, `[augment]`, `[held_out]`, `[models.NAME]`, `[preprocessing]`;
    optionally `further` (the central arms of further models, where they differ),
    `side` (all images are brought to it, from the size at which packs are drawn) and
    `steps` (of a cell, per share; `[train] steps` otherwise).

    Raises:
        DataError: missing, no valid TOML, or a part is missing.
    """
    try:
        config = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise DataError(f"There is no study configuration at {path}.") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"The study configuration {path} is no valid TOML: {error}.") from error
    needed = {"domain", "task", "shares", "seeds", "ratios", "packs", "train", "models"}
    if lacking := sorted(needed - set(config)):
        raise DataError(f"The study configuration {path} lacks: {', '.join(lacking)}.")
    for name in ("seeds", "steps"):
        if len(config.get(name, config["shares"])) != len(config["shares"]):
            raise DataError(f"In {path}, '{name}' needs one number for each of 'shares'.")
    return config


def digest(config: dict[str, Any]) -> str:
    """A short digest of everything a cell's result depends on, so that old cells are not mixed."""
    names = (
        "domain", "task", "train", "augment", "held_out", "models", "packs", "preprocessing",
        "side", "steps",
    )  # fmt: skip
    parts = {k: config[k] for k in names if k in config}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def cells(config: dict[str, Any], packs: list[str]) -> list[Cell]:
    """All cells, the most telling first, each once.

    Order: the first model by seed, with its central arms, the unfiltered ones and their controls,
    and the synthetic-only ones; the central arms of the further models; the rest of the ratio
    curve.

    Args:
        config: of the study.
        packs: names of the packs that are here; arms of others are left out.
    """
    return list(dict.fromkeys(_ordered(config, packs)))


def _ordered(config: dict[str, Any], packs: list[str]) -> Iterator[Cell]:
    first, *others = config["models"]
    ratios = config["ratios"]
    central = [REAL, CLASSIC, f"{DUPLICATE}@1", *(f"{p}@1" for p in packs)]
    further = [
        a for a in config.get("further", central[1:])
        if not arm(a).synthetic or arm(a).source in packs
    ]  # fmt: skip
    side = [f"{s}@{r:g}" for r in ratios for s in (DUPLICATE, *(p + UNFILTERED for p in packs))]
    side += [f"{p}{ONLY}" for p in packs]
    curve = [f"{s}@{r:g}" for r in ratios for s in (DUPLICATE, *packs)]
    plan = list(zip(config["shares"], config["seeds"]))
    yield from _by_seed(first, central + side, plan)
    for seed in range(int(config.get("central", 3))):
        for model in others:
            for share, _ in plan:
                yield from (Cell(model, share, a, seed) for a in further)
    yield from _by_seed(first, curve, plan)


def _by_seed(model: str, arms: list[str], plan: list[tuple[float, int]]) -> Iterator[Cell]:
    """All arms at every share with one seed, then the next: a run cut short has whole seeds."""
    for seed in range(max(count for _, count in plan)):
        for share, count in plan:
            if seed < count:
                yield from (Cell(model, share, a, seed) for a in arms)
