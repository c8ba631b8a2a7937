"""A tiny translator with a scope and an encoder, so that services and pages are tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from core.cards import Card
from core.evaluate.translation import evaluate
from core.models.translation.cyclegan import CycleGan
from core.registry import Registry
from core.translation import scope
from core.translation.slices import Slices, read_slices
from tests.phantoms import slices_zip
from tests.toy import write_model

SIZE = 32
scope.FOREIGN = 4  # fewer foreign images than the real evaluation: the tests are quick
CASES = ["20", "21", "28", "32", "37", "41"]


def card_of(name: str, test: list[str], train: list[str], **more: Any) -> Card:
    """The card of a toy translator."""
    config = {"size": SIZE, "width": 2, "dilations": [1], "critic_width": 2}
    cases = {"train": train, "val": ["16"], "test": test}
    return Card(
        f"brain_mri/{name}", "brain_mri", "translator", "cyclegan", name.capitalize(), config,
        ["mri_to_ct", "ct_to_mri"],
        calibration={"cases": cases, "window": {"width": 80.0, "level": 40.0}},
        limits=["A toy."], licence="MIT", **more,
    )  # fmt: skip


def write_translators(root: Path, names: tuple[str, ...] = ("cyclegan",)) -> None:
    """Write toy translators below a folder of checkpoints; "…-aligned-k" knows four cases."""
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        fold = int(name[-1]) if "aligned" in name else None
        test = CASES if fold is None else CASES[2 * fold : 2 * fold + 2]
        train = [] if fold is None else [c for c in CASES if c not in test]
        card = card_of(name, test, train)
        write_model(root, card, CycleGan(card.config), None)


def made_up(folder: Path) -> Slices:
    """Prepared made-up slices at the toy translator's size."""
    return read_slices([slices_zip(folder / "made.zip")], SIZE, folder / "cache")


def measure_all(registry: Registry, slices: Slices) -> None:
    """Run the evaluation of every translator."""
    for card in registry.cards("brain_mri", "translator"):
        evaluate(registry, card.id, slices)
