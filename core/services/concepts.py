"""Concepts for pages and commands: what is shipped, one image's pushes, a concept of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from core.cards import Card
from core.concepts import shipped
from core.concepts.measure import Settings, test_all
from core.concepts.sets import LEAST, ConceptSet, Material
from core.concepts.shipped import Row, Shipped
from core.concepts.tapped import Tapped
from core.errors import SynthLensError
from core.explain.explainable import explainable
from core.preprocessing import Preprocessing
from core.registry import Registry
from core.services.queue import turn

TASKS = ("classifier", "detector")
MOST = 200  # images of a side of one's own concept
DEALINGS = 5_000
JUDGED = 80


@dataclass(frozen=True)
class Push:
    """What one concept does to one image's answer.

    Attributes:
        concept: its name.
        source: "attribute", "direction" or "own".
        change: of the label's log-odds per step from random to concept images, signed.
        row: the concept's figures at this layer and label.
    """

    concept: str
    source: str
    change: float
    row: Row

    def sentence(self, label: str) -> str:
        """The push in words, "no evidence" where the concept did not pass its test."""
        if not self.row.evidence:
            return f"{self.concept}: no evidence"
        return f"{self.concept}: pushes {'towards' if self.change > 0 else 'away from'} {label}"


def testable_models(registry: Registry, domain: str) -> list[Card]:
    """Classifiers and detectors of a domain."""
    return [card for card in registry.cards(domain) if card.task in TASKS]


def shipped_concepts(registry: Registry, model: str) -> Shipped | None:
    """Vectors and figures beside a checkpoint, None where none were measured.

    Raises:
        CheckpointError: damaged files, or vectors of other weights.
    """
    return shipped.load(registry, model)


def layers(registry: Registry, model: str) -> list[str]:
    """Names of the layers in which a model's concepts are looked for."""
    return _tapped(registry, model).names


def labels(registry: Registry, model: str) -> list[str]:
    """Names of a model's outputs."""
    card = registry.card(model)
    return list(card.classes)


def pushes(
    registry: Registry, found: list[Shipped], image: np.ndarray, label: str, layer: str
) -> list[Push]:
    """The directional derivative of one image's log-odds along every concept.

    Args:
        registry: where the model is.
        found: shipped concepts and those of the session, all of one model.
        image: (H, W) or (H, W, 3), float in [0, 1] or uint8.
        label: the output.
        layer: display name of the layer.

    Returns:
        Concepts with evidence first, each group by the size of its change.

    Raises:
        SynthLensError: no such label or layer.
        CancelledError: cancelled, or while waiting for a turn.
    """
    with turn():
        tapped = _tapped(registry, found[0].model, layer)
        known = found[0].labels
        if label not in known:
            raise SynthLensError(f"The model has no output '{label}'; choose {', '.join(known)}.")
        x = tapped.model.preprocessing(image).to(next(tapped.parameters()).device)
        gradient = tapped.gradients(x, known.index(label))[0][0].numpy()
    result = []
    for own in found:
        for concept in own.concepts:
            row = own.row(concept.id, layer, label)
            if row is not None:
                change = float(gradient @ own.vectors[concept.id, layer])
                change *= concept.step[layer]
                result.append(Push(concept.title, concept.source, change, row))
    return sorted(result, key=lambda p: (not p.row.evidence, -abs(p.change)))


def own_concept(
    registry: Registry,
    model: str,
    name: str,
    shows: list[np.ndarray],
    others: list[np.ndarray],
    layer: str,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Shipped:
    """Test a concept that the user gives as images, at one layer of a model.

    Scores are measured on the user's own images of both sides, and the test deals the label
    anew among them. Whatever else tells the two sides apart (another hospital, another file
    format, real against generated) counts as part of the concept.

    Args:
        registry: where the model is.
        model: id of a classifier or detector.
        name: what the user calls the concept.
        shows: images that show it.
        others: images of the same kind that do not.
        layer: display name of the layer.
        seed: of all choices.
        progress: told the share done; may raise to cancel.

    Raises:
        SynthLensError: fewer than eight images on a side, or no name.
        CancelledError: cancelled, or while waiting for a turn.
    """
    _enough(name, shows, others)
    with turn() as own:
        tapped = _tapped(registry, model, layer)
        material = _sides(tapped.model.preprocessing, name.strip(), shows, others)
        n, rest = len(material.concepts[0].positions), len(material.pool)
        chosen = np.random.default_rng(seed).permutation(n + rest)[:JUDGED]
        judged = {k: material.images[np.sort(chosen)] for k in registry.card(model).classes}
        size = max(LEAST, min(n, 2 * rest // 3))
        settings = Settings(size=size, dealings=DEALINGS, seed=seed)

        def tell(share: float) -> None:
            own.breathe()
            if progress:
                progress(share)

        found = test_all(tapped, [material], judged, settings, model, tell)
    found.settings = {"runs": settings.runs, "dealings": settings.dealings, "seed": seed}
    found.settings |= {"random_images": {"own": rest}, "class_split": "the user's images"}
    return found


def _enough(name: str, shows: list[np.ndarray], others: list[np.ndarray]) -> None:
    """Refuse a concept without a name or with too few images on a side."""
    if not name.strip():
        raise SynthLensError("Give the concept a name.")
    if min(len(shows), len(others)) < LEAST:
        raise SynthLensError(
            f"Give at least {LEAST} images that show the concept and {LEAST} that do not; "
            f"there are {len(shows)} and {len(others)}."
        )


def _sides(
    recipe: Preprocessing, name: str, shows: list[np.ndarray], others: list[np.ndarray]
) -> Material:
    """The user's images as material: those that show the concept, then the others as random."""
    sides = [[recipe.pixels(i) for i in side[:MOST]] for side in (shows, others)]
    images = np.stack([pixels for side in sides for pixels in side])
    n = len(sides[0])
    how = f"{n} images of the user against {len(sides[1])} others."
    concept = ConceptSet("own", name, "own", how, np.arange(n))
    pool = np.arange(n, len(images))
    return Material("own", images, np.zeros(len(images), int), pool, [concept])


def as_json(found: Shipped) -> str:
    """Figures and vectors of a concept as one JSON text, for a download."""
    content = {
        "model": found.model,
        "settings": found.settings,
        "concepts": [asdict(c) for c in found.concepts],
        "rows": [asdict(r) for r in found.rows],
        "vectors": {"|".join(k): [float(f"{x:.5g}") for x in v] for k, v in found.vectors.items()},
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _tapped(registry: Registry, model: str, only: str | None = None) -> Tapped:
    with registry.locked(model) as loaded:
        return Tapped(explainable(loaded.card, loaded.module), only)
