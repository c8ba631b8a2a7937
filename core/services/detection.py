"""Real or synthetic? A calibrated verdict that can also be "unsure" or "out of scope"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core import scope
from core.cards import Card
from core.evaluate.family import nearest
from core.registry import Loaded, Registry
from core.services.classification import probabilities
from core.services.defaults import choose
from core.services.queue import turn
from core.services.remote import served
from core.stability import degrade

REAL, SYNTHETIC, UNSURE, OUT_OF_SCOPE = "real", "synthetic", "unsure", "out_of_scope"
_OPPOSITE = {REAL: SYNTHETIC, SYNTHETIC: REAL}


@dataclass
class Verdict:
    """The detector's answer for one image.

    Attributes:
        verdict: "real", "synthetic", "unsure" or "out_of_scope".
        p_synthetic: calibrated probability in [0, 1]; None when out of scope.
        reasons: whole sentences for the user.
        stability: one {"name", "p_synthetic", "verdict"} per degradation, the unchanged image
            first; empty without the check or when out of scope.
        scope: {"checked", "in_scope", ...} as `core.scope` measured it.
        families: probability by generator family, the likeliest first, where the image may be
            synthetic and the detector can tell families apart.
    """

    domain: str
    model: str
    verdict: str
    p_synthetic: float | None
    reasons: list[str] = field(default_factory=list)
    stability: list[dict[str, Any]] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)
    families: dict[str, float] = field(default_factory=dict)


@served
def detect(
    registry: Registry,
    images: list[np.ndarray],
    domain: str,
    model: str | None = None,
    stability: bool = True,
) -> list[Verdict]:
    """Judge decoded images.

    Args:
        registry: where models come from.
        images: each (H, W) or (H, W, 3), float in [0, 1] or uint8.
        domain: domain id.
        model: id of a detector; None for the domain's own.
        stability: also judge re-encodings of each image and answer "unsure" when one of them
            turns the verdict around; about seven times the work.

    Raises:
        KeyError: unknown domain.
        CheckpointError: no such detector.
        CancelledError: cancelled, or while waiting for a turn.
    """
    card = choose(registry, domain, "detector", model)
    with turn() as own:
        loaded = registry.get(card.id)
        scopes = in_scope(registry, images, domain)
        inside = [i for i, found in enumerate(scopes) if found["in_scope"]]
        verdicts = [_outside(domain, card.id, found) for found in scopes]
        own.breathe()
        chances = p_synthetic(loaded, [images[i] for i in inside])
        for i, p in zip(inside, chances.tolist()):
            verdicts[i] = judge(card, domain, p, scopes[i])
            if stability:
                own.breathe()
                _check_stability(loaded, images[i], verdicts[i])
        suspect = [i for i in inside if verdicts[i].verdict != REAL]
        found = nearest(registry, loaded, [images[i] for i in suspect])
        for i, families in zip(suspect, found):
            _name_family(verdicts[i], families)
    return verdicts


def _name_family(verdict: Verdict, families: dict[str, float]) -> None:
    verdict.families = families
    if verdict.verdict == SYNTHETIC and families:
        name, chance = next(iter(families.items()))
        verdict.reasons.append(
            f"Among the families the detector knows it looks most like {name} ({chance:.2f})."
        )


def p_synthetic(loaded: Loaded, images: list[np.ndarray]) -> np.ndarray:
    """Calibrated probability that each image is synthetic, (N,)."""
    column = loaded.card.classes.index(SYNTHETIC) if SYNTHETIC in loaded.card.classes else -1
    return probabilities(loaded, images)[:, column]


def judge(card: Card, domain: str, p: float, where: dict[str, Any]) -> Verdict:
    """The verdict for one probability, by the conformal thresholds in the detector's card."""
    answers = conformal_set(card, p)
    reasons = [f"The detector gives a probability of {p:.2f} that the image is synthetic."]
    if len(answers) == 1:
        return Verdict(domain, card.id, answers[0], p, reasons, scope=where)
    reasons.append(
        "Both answers are plausible at this probability."
        if answers
        else "Neither answer is plausible: the image is unlike those the detector was checked on."
    )
    return Verdict(domain, card.id, UNSURE, p, reasons, scope=where)


def conformal_set(card: Card, p: float) -> list[str]:
    """The answers that a class-conditional split-conformal predictor cannot rule out.

    An answer stays in the set while its probability is at least the quantile of the calibration
    images of that class (Vovk 2012; Angelopoulos & Bates 2021, sec. 1.1). Without quantiles in
    the card the threshold alone decides.
    """
    limits = card.calibration.get("conformal")
    if not limits:
        return [SYNTHETIC if p >= float(card.calibration.get("threshold", 0.5)) else REAL]
    chances = {REAL: 1 - p, SYNTHETIC: p}
    return [answer for answer, chance in chances.items() if chance >= float(limits[answer])]


def in_scope(registry: Registry, images: list[np.ndarray], domain: str) -> list[dict[str, Any]]:
    """Whether each image is of the domain at all, as `core.scope.check` says."""
    return scope.check(registry, images, domain)


def _outside(domain: str, model: str, found: dict[str, Any]) -> Verdict:
    reason = f"{found.get('message', '')} No verdict is given.".strip()
    return Verdict(domain, model, OUT_OF_SCOPE, None, [reason], scope=found)


def _check_stability(loaded: Loaded, image: np.ndarray, verdict: Verdict) -> None:
    """Fill the stability strip; an opposite answer anywhere makes the verdict "unsure"."""
    strip = degrade(image, loaded.card.preprocess().size)
    chances = p_synthetic(loaded, list(strip.values())).tolist()
    for name, p in zip(strip, chances):
        own = judge(loaded.card, verdict.domain, p, {}).verdict
        verdict.stability.append({"name": name, "p_synthetic": p, "verdict": own})
    opposite = _OPPOSITE.get(verdict.verdict)
    flips = [entry["name"] for entry in verdict.stability if entry["verdict"] == opposite]
    if flips:
        verdict.verdict = UNSURE
        verdict.reasons.append(f"The answer turns around under: {', '.join(flips)}.")
    elif opposite:
        verdict.reasons.append("No small re-encoding turns the answer around.")
