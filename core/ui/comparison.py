"""Two classifiers against each other, from their metrics files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.cards import Card, read_metrics
from core.registry import Registry
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


def blocks(registry: Registry, card: Card) -> dict[str, dict[str, Any]]:
    """A classifier's test results by test set ("official", "clean"); empty without evaluation."""
    metrics = read_metrics(registry.folder(card.id))
    found = metrics.get("test", {})
    return {k: v for k, v in found.items() if isinstance(v, dict)}


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


def answer(first: Card, second: Card, a: dict[str, Any], b: dict[str, Any], where: str) -> str:
    """The plain answer in words, from two result blocks of one test set."""
    found = difference(a.get("balanced_accuracy"), b.get("balanced_accuracy"))
    if found is None:
        return "No figure on file lets these two models be compared."
    points = f"{abs(found.value) * 100:.1f} points"
    verb = "raises" if found.value > 0 else "lowers"
    n = f", n = {b['n']}" if b.get("n") else ""
    if found.low is None or found.high is None:
        return (
            f"Going from {first.title} ({arm(first)}) to {second.title} ({arm(second)}) {verb} "
            f"balanced accuracy by {points} on the {where}{n}; no interval is on file, so this "
            "may be chance."
        )
    limits = f"95 % CI {found.low * 100:+.1f} to {found.high * 100:+.1f}{n}"
    if not found.settled:
        return (
            f"On the {where} we see no clear difference in balanced accuracy between "
            f"{first.title} ({arm(first)}) and {second.title} ({arm(second)}): "
            f"{found.value * 100:+.1f} points ({limits})."
        )
    return (
        f"Going from {first.title} ({arm(first)}) to {second.title} ({arm(second)}) {verb} "
        f"balanced accuracy by {points} on the {where} ({limits})."
    )
