"""Two classifiers against each other, from their metrics files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.cards import Card, read_metrics
from core.errors import SynthLensError
from core.evaluate.classification import PREDICTIONS, compare
from core.registry import Registry
from core.ui.state import registry
from core.ui.text import centre, interval

DUPLICATES = "duplicates"
TEST_SETS = {"official": "official test set", "clean": "de-duplicated test set"}


def arm(card: Card) -> str:
    """What a classifier was trained on, in words."""
    note = card.training.get("set") or {}
    share = float(note.get("share", 1.0))
    real = "real images" if share >= 1 else f"{share:.0%} of the real images"
    if not note.get("added"):
        return f"{real} only"
    what = "copied real" if note.get("source") == DUPLICATES else "synthetic"
    if not note.get("real"):
        return "synthetic images only"
    return f"{real} + {what} images {float(note.get('ratio', 1)):g} : 1"


def synthetic(card: Card) -> bool:
    """Whether a classifier learned from synthetic images."""
    note = card.training.get("set") or {}
    return bool(note.get("added")) and note.get("source") != DUPLICATES


def comparable(cards: list[Card], with_card: Card) -> list[Card]:
    """Classifiers of the same labels as one card, that card left out."""
    return [c for c in cards if c.classes == with_card.classes and c.id != with_card.id]


def blocks(found: Registry, card: Card) -> dict[str, dict[str, Any]]:
    """A classifier's test results by test set ("official", "clean"); empty without evaluation."""
    tests = read_metrics(found.folder(card.id)).get("test", {})
    return {k: v for k, v in tests.items() if isinstance(v, dict)}


@dataclass(frozen=True)
class Difference:
    """Second minus first, with a 95 % interval where both figures have one."""

    value: float
    low: float | None
    high: float | None

    @property
    def settled(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and self.low * self.high > 0


def difference(first: Any, second: Any) -> Difference | None:
    """Difference of two figures with intervals, by the method of variance estimates recovery.

    Zou & Donner 2008, eq. 3: the limits come from the distances of each figure to its own
    limits. Treats the two as independent, which is conservative for two models on one test set.
    """
    a, b = centre(first), centre(second)
    if a is None or b is None:
        return None
    limits_a, limits_b = interval(first), interval(second)
    if limits_a is None or limits_b is None:
        return Difference(b - a, None, None)
    low = (b - a) - math.hypot(b - limits_b[0], limits_a[1] - a)
    high = (b - a) + math.hypot(limits_b[1] - b, a - limits_a[0])
    return Difference(b - a, low, high)


@st.cache_data(max_entries=64, show_spinner="Comparing on the same test images")
def _paired(root: str, one: str, other: str, clean: bool, stamp: tuple[int, ...]) -> dict[str, Any]:
    return compare(registry(), one, other, clean)


def paired(found: Registry, one: Card, other: Card, where: str) -> dict[str, Any] | None:
    """The paired comparison on one test set, or None where predictions are not on file."""
    paths = [found.folder(card.id) / PREDICTIONS for card in (one, other)]
    if not all(path.exists() for path in paths):
        return None
    stamp = tuple(path.stat().st_mtime_ns for path in paths)
    try:
        return _paired(str(found.root), one.id, other.id, where == "clean", stamp)
    except SynthLensError:
        return None


def answer(first: Card, second: Card, found: Difference | None, where: str, how: str) -> str:
    """The plain answer in words.

    Args:
        first: the reference.
        second: what it is compared with.
        found: difference of balanced accuracy.
        where: name of the test set.
        how: what the interval rests on, with n.
    """
    if found is None:
        return "No figure on file lets these two models be compared."
    one, other = (f"{card.title} ({arm(card)})" for card in (first, second))
    points = f"{abs(found.value) * 100:.1f} points"
    verb = "raises" if found.value > 0 else "lowers"
    if found.low is None or found.high is None:
        return (
            f"Going from {one} to {other} {verb} balanced accuracy by {points} on the {where}; "
            "no interval is on file, so this may be chance."
        )
    limits = f"95 % CI {found.low * 100:+.1f} to {found.high * 100:+.1f}; {how}"
    if not found.settled:
        return (
            f"On the {where} we see no clear difference in balanced accuracy between {one} and "
            f"{other}: {found.value * 100:+.1f} points ({limits})."
        )
    return (
        f"Going from {one} to {other} {verb} balanced accuracy by {points} on the {where} "
        f"({limits})."
    )


def plain_answer(
    found: Registry, first: Card, second: Card, blocks: list[dict[str, Any]], where: str
) -> tuple[str, list[int]]:
    """The answer in words, and the test images (by index) on which the two models disagree.

    Paired on the same images where predictions are on file; otherwise from the two intervals.
    """
    name = TEST_SETS.get(where, where)
    if result := paired(found, first, second, where):
        gap = result["balanced_accuracy"]
        own = Difference(gap["value"], *gap["ci"])
        how = f"paired bootstrap, n = {result['n']}"
        return answer(first, second, own, name, how), result["disagree"]
    own_gap = difference(*(block.get("balanced_accuracy") for block in blocks))
    how = f"from each model's own interval, n = {blocks[1].get('n', '?')}"
    return answer(first, second, own_gap, name, how), []
