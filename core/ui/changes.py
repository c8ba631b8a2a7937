"""What other models and simple measures say of an edited image, beside its start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domains import Domain
from core.errors import SynthLensError
from core.latent import attributes
from core.registry import Registry
from core.services.classification import classify
from core.services.detection import detect
from core.ui.review import best_classifier


@dataclass(frozen=True)
class Answers:
    """Named figures of one image, and where they come from.

    Attributes:
        figures: name to value; probabilities first, then attributes.
        note: which models answered.
    """

    figures: dict[str, float]
    note: str


def answers(registry: Registry, domain: Domain, pixels: np.ndarray, class_id: str) -> Answers:
    """Ask the domain's classifier and detector, and measure the image's attributes.

    Args:
        registry: holds the models; those that are missing are left out.
        domain: of the image.
        pixels: (S, S, C) uint8.
        class_id: chooses the classifier whose task knows it.
    """
    found: dict[str, float] = {}
    told = []
    array = pixels.squeeze()
    judge = best_classifier(registry, domain.id, class_id)
    if judge is not None:
        answer = classify(registry, [array], domain.id, judge.id)[0]
        found |= {f"p({domain.class_name(c)})": answer.probabilities[c] for c in judge.classes}
        told.append(f"Calibrated probabilities by {judge.title}")
    try:
        verdict = detect(registry, [array], domain.id, stability=False)[0]
        if verdict.p_synthetic is not None:
            found["p(synthetic)"] = verdict.p_synthetic
            told.append("detector without the stability strip")
    except SynthLensError:
        pass
    names = attributes.names(pixels.shape[2], domain.organ)
    found |= dict(zip(names, attributes.measure(pixels[None], domain.organ)[0].tolist()))
    return Answers(found, "; ".join([*told, "attributes of the pixels"]) + " (n = 1 image).")


def compared(start: Answers, edited: Answers) -> list[list[str]]:
    """Rows of name, start, edited and change; what did not change shows none."""
    rows = []
    for name, before in start.figures.items():
        after = edited.figures.get(name, float("nan"))
        change = after - before
        rows.append([name, f"{before:.3f}", f"{after:.3f}",
                     f"{change:+.3f}" if abs(change) >= 5e-4 else "–"])  # fmt: skip
    return rows
