"""What the study says of architectures: each further one against the first, on real images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from core.study.answer import FIGURES, MODELS, entry, share_words
from core.study.grid import CLASSIC


def sentences(results: dict[str, Any], where: str, figure: str) -> Iterator[str]:
    """One per further architecture, at the most data: the gap, and whether it was still learning.

    Args:
        results: the study's results.
        where: test set.
        figure: a key of `FIGURES`.
    """
    own = [e for e in results.get("architectures", []) if e["set"] == where]
    for found in own:
        if found["share"] == max(e["share"] for e in own if e["model"] == found["model"]):
            yield f"{_difference(found, figure)} {_learning(results, found)}".strip()


def table(results: dict[str, Any], where: str, figure: str) -> pd.DataFrame:
    """The gap to the leading architecture in every regime, in points.

    Args:
        results: the study's results.
        where: test set.
        figure: a key of `FIGURES`.
    """
    return pd.DataFrame([
        {
            "Architecture": MODELS.get(e["model"], e["model"]),
            "Against": MODELS.get(e["against"], e["against"]),
            "Real images": share_words(e["share"]),
            f"Points of {FIGURES[figure]}": round(100 * e[figure]["value"], 1),
            "95 % from": round(100 * e[figure]["ci"][0], 1),
            "to": round(100 * e[figure]["ci"][1], 1),
            "Seeds": e["seeds"],
        }
        for e in results.get("architectures", []) if e["set"] == where
    ])  # fmt: skip


def _difference(found: dict[str, Any], figure: str) -> str:
    own, rival = (f"the {MODELS.get(found[k], found[k])}" for k in ("model", "against"))
    gap, (low, high) = found[figure]["value"] * 100, (v * 100 for v in found[figure]["ci"])
    limits = f"(95 % CI {low:+.1f} to {high:+.1f}; seeds: {found['seeds']})"
    start, label = f"At {share_words(found['share'])}", FIGURES[figure]
    if low * high <= 0:
        return f"{start} {own} shows no clear difference in {label} from {rival} {limits}."
    side = "above" if gap > 0 else "below"
    return f"{start} {own} stands {abs(gap):.1f} points of {label} {side} {rival} {limits}."


def _learning(results: dict[str, Any], found: dict[str, Any]) -> str:
    """How validation accuracy moved over the last look: a model that rises had not finished."""
    gains = [
        _last_gain(entry(results, found[k], found["share"], CLASSIC)) for k in ("model", "against")
    ]
    if None in gains:
        return ""
    steps, own, rival = gains[0][0], gains[0][1], gains[1][1]  # type: ignore[index]
    return (
        f"Over its last {steps:.0f} steps its validation accuracy moved by {own:+.1f} points, "
        f"that of the other by {rival:+.1f}."
    )


def _last_gain(found: dict[str, Any] | None) -> tuple[float, float] | None:
    """Steps between the last two looks, and points of validation accuracy gained."""
    if found is None or len(found["curve"]["step"]) < 2:
        return None
    step, value = found["curve"]["step"], found["curve"]["val_accuracy"]
    return step[-1] - step[-2], 100 * (value[-1] - value[-2])
