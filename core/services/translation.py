"""From an uploaded MRI or CT slice to the other: scope first, then output, cycle and error map."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.cards import Card, read_metrics
from core.errors import CheckpointError
from core.registry import Registry
from core.services.defaults import choose
from core.services.queue import turn
from core.training.dynamics import read_log
from core.translation import scope
from core.translation.apply import translate_slices
from core.translation.head import prepare, to_grey
from core.translation.window import Window

DOMAIN = "brain_mri"
DIRECTIONS = {"mri_to_ct": ("mri", "ct"), "ct_to_mri": ("ct", "mri")}
LABELS = {"mri": "MRI", "ct": "CT"}


@dataclass
class Translation:
    """One slice, translated, or the reason why not.

    Attributes:
        model: id of the translator.
        direction: "mri_to_ct" or "ct_to_mri".
        source: (S, S) uint8, the slice as the model sees it.
        mask: (S, S) bool, the head in `source`.
        output, cycle: (S, S) uint8; None where the slice was declined.
        window: of CT grey levels.
        in_scope: whether the slice is one that the model knows.
        message: one sentence on that.
        source_sha256: of `source`, for provenance.
        cycle_error: mean difference of `cycle` and `source` inside the head, grey levels.
    """

    model: str
    direction: str
    source: np.ndarray
    mask: np.ndarray
    window: Window
    in_scope: bool
    message: str
    output: np.ndarray | None = None
    cycle: np.ndarray | None = None
    source_sha256: str = ""
    cycle_error: float | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> tuple[str, str]:
        """Modality of the source and of the output."""
        return DIRECTIONS[self.direction]

    def error_map(self) -> np.ndarray:
        """Signed difference of cycle and source, (S, S) float32 in grey levels; 0 outside."""
        if self.cycle is None:
            return np.zeros(self.source.shape, np.float32)
        gap = self.cycle.astype(np.float32) - self.source.astype(np.float32)
        return np.where(self.mask, gap, 0.0).astype(np.float32)


def best(registry: Registry, model: str | None = None) -> Card:
    """The translator that was named, or the one with the least error on the validation case.

    Raises:
        CheckpointError: no such translator, or none at all.
    """
    if model is not None:
        return choose(registry, DOMAIN, "translator", model)
    cards = ranked(registry)
    if not cards:
        raise CheckpointError(
            f"There is no translator in {registry.root}; train one with 'python -m core train "
            "cyclegan --domain brain_mri --config configs/brain_mri/shape-cyclegan.toml --data …'."
        )
    return cards[0]


def ranked(registry: Registry) -> list[Card]:
    """All translators, the one with the least validation error first."""
    cards = registry.cards(DOMAIN, "translator")
    return sorted(cards, key=lambda card: (validation_error(registry, card), card.id))


def validation_error(registry: Registry, card: Card) -> float:
    """MAE on the validation case, MRI to CT, as last logged in training; infinite if unknown."""
    rows = read_log(registry.folder(card.id) / "history.jsonl")
    known = [float(row["val_mae"]) for row in rows if "val_mae" in row]
    return known[-1] if known else float("inf")


def translate(
    registry: Registry,
    image: np.ndarray,
    direction: str,
    model: str | None = None,
    shown: Window | None = None,
) -> Translation:
    """Translate one slice where it is in scope; takes a turn of the queue.

    Args:
        registry: where models come from.
        image: (H, W) or (H, W, 3), float in [0, 1] or uint8, as `core.images` reads it.
        direction: "mri_to_ct" or "ct_to_mri".
        model: translator's id or folder name; None for the default.
        shown: the display window of a CT slice, where it is not the translator's own.

    Raises:
        CheckpointError: no such translator.
        KeyError: an unknown direction.
    """
    source_kind, _ = DIRECTIONS[direction]
    card = best(registry, model)
    size = int(card.config["size"])
    window = Window(**card.calibration.get("window", {}))
    if shown is not None and shown != window and source_kind == "ct":
        image = shown.view(to_grey(image, max(image.shape[:2])), window)
    pixels, mask = prepare(image, source_kind, size)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    with turn():
        inside, message = _scope(registry, card.id, image, source_kind, size)
        found = Translation(
            card.id, direction, pixels, mask, window, inside, message, source_sha256=digest
        )
        if inside:
            output, cycle = translate_slices(registry.get(card.id), pixels[None], direction)
            found.output, found.cycle = output[0], cycle[0]
            found.cycle_error = float(np.abs(found.error_map())[mask].mean())
    return found


def _scope(
    registry: Registry, model_id: str, image: np.ndarray, kind: str, size: int
) -> tuple[bool, str]:
    try:
        decision = scope.decide(registry, model_id, [image], kind, size)[0]
    except CheckpointError as error:
        return True, f"Whether the model knows such slices could not be checked. {error}"
    return decision.in_scope, decision.message


def measured(registry: Registry, direction: str) -> dict[str, dict[str, Any]]:
    """What `evaluate translator` wrote, by title; the folds of one recipe are one entry.

    Returns:
        "figures" (means over unseen cases, with intervals), "minus_cyclegan" (empty for CycleGAN
        itself), "cases", "kid" (of the first fold), "baseline", "window" and "note".
    """
    found: dict[str, dict[str, Any]] = {}
    for card in registry.cards(DOMAIN, "translator"):
        known = read_metrics(registry.folder(card.id))
        compared = known.get("comparison", {}).get(direction)
        if direction not in known or not compared:
            continue
        title = re.sub(r" \(fold \d\)$", "", card.title)
        entry = found.setdefault(
            title,
            {
                "figures": compared["pooled"],
                "minus_cyclegan": compared.get("minus_cyclegan", {}),
                "cases": {},
                "kid": known[direction]["kid"],
                "baseline": known.get("baseline_drawn_head") if direction == "mri_to_ct" else None,
                "window": known["window"],
                "note": known["note"],
            },
        )
        entry["cases"] |= known[direction]["cases"]
    return found
