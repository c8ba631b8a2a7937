"""Figures by case: slices of one person are alike, so intervals are over cases."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from core.cards import Card, read_metrics, write_json
from core.evaluate.bootstrap import paired_difference
from core.registry import Registry

DRAWS = 5000
BASELINE = "brain_mri/cyclegan"
LEAD = ("mae", "mae_hu", "psnr", "ssim", "cycle", "dice_head", "dice_skull", "dice_brain")
Cases = dict[str, dict[str, float]]


def by_case(rows: list[dict[str, float]], cases: np.ndarray) -> Cases:
    """Mean of every figure over the slices of each case; slices without a figure are left out."""
    found: Cases = {}
    for case in np.unique(cases):
        own = [row for row, c in zip(rows, cases) if c == case]
        found[str(case)] = {k: _known_mean([row[k] for row in own]) for k in own[0]}
        found[str(case)]["slices"] = float(len(own))
    return found


def _known_mean(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


def known_only(value: Any) -> Any:
    """A copy for JSON: figures that are not known become null."""
    if isinstance(value, dict):
        return {k: known_only(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [known_only(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def summary(cases: Cases) -> dict[str, Any]:
    """Mean over cases of every figure, with the 95 % interval of a bootstrap over cases."""
    names = [k for k in next(iter(cases.values())) if k != "slices"]
    return {k: _mean([c[k] for c in cases.values()]) for k in names}


def _mean(values: list[float]) -> dict[str, Any]:
    known = np.array([v for v in values if v is not None and np.isfinite(v)])
    if not len(known):
        return {"value": None, "ci": None, "n": 0}
    rng = np.random.default_rng(0)
    means = known[rng.integers(0, len(known), (DRAWS, len(known)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {"value": float(known.mean()), "ci": [float(low), float(high)], "n": len(known)}


def difference(one: Cases, other: Cases, names: tuple[str, ...] = LEAD) -> dict[str, Any]:
    """`other` minus `one` on the cases that both were measured on, paired by case."""
    shared = sorted(set(one) & set(other))
    found: dict[str, Any] = {"cases": shared}
    if len(shared) < 2:
        return found
    for name in names:
        both = [[one[c][name], other[c][name]] for c in shared if name in one[c]]
        pairs = np.array(both, dtype=float)  # a figure that is not known becomes NaN
        pairs = pairs[np.isfinite(pairs).all(1)] if len(pairs) else pairs
        if len(pairs) < 2:
            continue
        found[name] = paired_difference(
            lambda i, p=pairs: float(p[i, 0].mean()),  # type: ignore[misc]
            lambda i, p=pairs: float(p[i, 1].mean()),  # type: ignore[misc]
            np.zeros(len(pairs)),
            DRAWS,
        )
    return found


def group_of(model_id: str) -> str:
    """Folds of one recipe belong together: "…-aligned-2" to "…-aligned"."""
    return re.sub(r"-\d$", "", model_id) if "aligned" in model_id else model_id


def baseline_of(group: str) -> str:
    """The CycleGAN that a recipe is compared with: of the same side, where its id names one."""
    side = re.search(r"-(\d{2,3})(?:-aligned)?$", group)
    return BASELINE + (f"-{side[1]}" if side else "")


def pooled(registry: Registry, cards: list[Card], direction: str) -> dict[str, Cases]:
    """By recipe: every case that some fold of it was measured on, without having seen it."""
    found: dict[str, Cases] = {}
    for card in cards:
        own = read_metrics(registry.folder(card.id)).get(direction, {}).get("cases", {})
        found.setdefault(group_of(card.id), {}).update(own)
    return {k: v for k, v in found.items() if v}


def write_comparison(registry: Registry, domain: str) -> dict[str, Any]:
    """Compare every recipe with CycleGAN by case and write it into each model's metrics.json."""
    cards = registry.cards(domain, "translator")
    tables = {d: pooled(registry, cards, d) for d in ("mri_to_ct", "ct_to_mri")}
    result: dict[str, Any] = {}
    for card in cards:
        known = read_metrics(registry.folder(card.id))
        if not known:
            continue
        group = group_of(card.id)
        for direction, table in tables.items():
            own = table.get(group)
            if own is None:
                continue
            found: dict[str, Any] = {"recipe": group, "pooled": summary(own)}
            found["pooled_cases"] = len(own)
            baseline = baseline_of(group)
            if group != baseline and baseline in table:
                found["minus_cyclegan"] = difference(table[baseline], own)
            known.setdefault("comparison", {})[direction] = found
        write_json(registry.folder(card.id) / "metrics.json", known_only(known))
        result[card.id] = known.get("comparison", {})
    return result
