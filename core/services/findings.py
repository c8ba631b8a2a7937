"""Simulated findings of an image: what a classifier sees, where, how far; never a diagnosis."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core import domains
from core.registry import Registry
from core.scope import require
from core.services.defaults import choose

CONDITIONS = Path(__file__).parents[1] / "data" / "conditions.toml"
SHARE_OF_PEAK = 0.5  # evidence counts towards the extent from half of the map's maximum
BANDS = ((0.10, "mild"), (0.30, "moderate"), (1.01, "severe"))
HEURISTIC = (
    "Extent is the share of the organ's area where the class activation exceeds half its maximum; "
    "below 10 % is called mild, below 30 % moderate, else severe. A rule of thumb of this app, "
    "without clinical validation."
)
NOTICE = (
    "Simulated findings of a research model on one image: not a diagnosis, and no advice for care."
)


@dataclass(frozen=True)
class Findings:
    """What the panel shows.

    Attributes:
        label: the classifier's answer.
        condition: its display name.
        probability: calibrated.
        finding: whether the label stands for something abnormal.
        zone: where the evidence is strongest, "" without a finding or evidence.
        extent: share of the organ area, in [0, 1]; None without a finding or a mask.
        band: "mild", "moderate" or "severe"; "" without an extent.
        description, advice: from the conditions file.
        sources: (title, url) pairs.
        reviewed: when and by whom the texts were checked.
        model: id of the classifier.
    """

    label: str
    condition: str
    probability: float
    finding: bool
    zone: str
    extent: float | None
    band: str
    description: str
    advice: str
    sources: tuple[tuple[str, str], ...]
    reviewed: str
    model: str


def simulate(
    registry: Registry, image: np.ndarray, domain: str, model: str | None = None
) -> Findings:
    """Describe an image as its domain's classifier and its class activation map see it.

    Args:
        registry: where the classifier is.
        image: (H, W) or (H, W, 3), float in [0, 1] or uint8.
        domain: domain id.
        model: id of a classifier; None for the best on validation.

    Raises:
        KeyError: unknown domain.
        CheckpointError: no such classifier.
        SynthLensError: the image is not of the domain; nothing is described then.
    """
    from core.explain.service import explain  # with all its methods: seconds to import

    require(registry, image, domain)
    card = choose(registry, domain, "classifier", model)
    found = explain(registry, card.id, image, ["gradcam"], metrics=False)
    known = domains.get(domain)
    label = found.target
    text = condition(domain, label)
    positive = np.clip(found.maps["gradcam"], 0, None)
    extent = _extent(positive, found.mask) if text["finding"] else None
    return Findings(
        label=label,
        condition=known.class_name(label),
        probability=float(found.prediction[label]),
        finding=bool(text["finding"]),
        zone=zone(positive, found.mask, known.organ) if text["finding"] else "",
        extent=extent,
        band="" if extent is None else band(extent),
        description=text["description"],
        advice=text["advice"],
        sources=tuple(text["sources"]),
        reviewed=text["reviewed"],
        model=card.id,
    )


def condition(domain: str, label: str) -> dict[str, Any]:
    """The text on a class or task label, with its sources spelled out.

    Raises:
        KeyError: the file has no such condition; a test keeps it complete.
    """
    content = _conditions()
    text = content[domain][label.lower()]
    sources = [(s["title"], s["url"]) for s in (content["sources"][k] for k in text["sources"])]
    return {**text, "sources": sources, "reviewed": content["reviewed"]}


def zone(values: np.ndarray, mask: np.ndarray | None, organ: str) -> str:
    """Name of the zone with the most evidence per pixel; "" for an empty map.

    Lungs have three zones a side, named as radiologists do: the image's left is the patient's
    right. Other organs have quarters of the image, since slices and tiles have no fixed side.

    Args:
        values: (S, S) positive evidence.
        mask: (S, S) bool organ mask, None for the whole image.
        organ: `Domain.organ`.
    """
    area = np.ones(values.shape, bool) if mask is None or not mask.any() else mask
    if not (values * area).any():
        return ""
    rows, columns = np.nonzero(area)
    top, left = rows.min(), columns.min()
    height, width = rows.max() - top + 1, columns.max() - left + 1
    levels = ("upper", "middle", "lower") if organ == "lung" else ("upper", "lower")
    grid = np.indices(values.shape)
    level = np.clip((grid[0] - top) * len(levels) // height, 0, len(levels) - 1)
    side = np.clip((grid[1] - left) * 2 // width, 0, 1)
    means = {
        (k, s): float(values[cell].mean())
        for k in range(len(levels))
        for s in range(2)
        if (cell := area & (level == k) & (side == s)).any()
    }
    k, s = max(means, key=means.__getitem__)
    if organ == "lung":
        return f"{('right', 'left')[s]} {levels[k]} zone"
    return f"{levels[k]} {('left', 'right')[s]} of the image"


def band(extent: float) -> str:
    """Mild, moderate or severe, by a rule of thumb (see `HEURISTIC`)."""
    return next(name for limit, name in BANDS if extent < limit)


def _extent(values: np.ndarray, mask: np.ndarray | None) -> float | None:
    if mask is None or not mask.any() or values.max() <= 0:
        return None
    return float((values[mask] > SHARE_OF_PEAK * values.max()).mean())


@lru_cache(maxsize=1)
def _conditions() -> dict[str, Any]:
    return tomllib.loads(CONDITIONS.read_text(encoding="utf-8"))
