"""Test concepts against every output of a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.concepts import cav
from core.concepts.experiment import Scores, run
from core.concepts.relabelling import DEALINGS, Pull, dealings, p_value
from core.concepts.sets import ConceptSet, Material, Test, arrange, random_pairs
from core.concepts.shipped import LEVEL, About, Row, Shipped
from core.concepts.tapped import Tapped
from core.evaluate.holm import holm
from core.evaluate.intervals import wilson

RUNS, SIZE = 20, 250
Tell = Callable[[float], None]


@dataclass(frozen=True)
class Settings:
    """How concepts are tested.

    Attributes:
        runs: random counterparts of a TCAV score.
        size: most images of a concept.
        dealings: random labellings of the significance test.
        seed: of all choices.
    """

    runs: int = RUNS
    size: int = SIZE
    dealings: int = DEALINGS
    seed: int = 0


def test_all(
    tapped: Tapped,
    materials: list[Material],
    judged: dict[str, np.ndarray],
    settings: Settings,
    model: str,
    progress: Tell | None = None,
) -> Shipped:
    """Fit vectors, score them through Captum, test them by relabelling, correct by Holm.

    Args:
        tapped: the model.
        materials: concepts by source.
        judged: label to the images (N, S, S, C) uint8 that its scores are measured on.
        settings: of the tests.
        model: its id.
        progress: told the share done; may raise to cancel.

    Raises:
        DataError: too few images of a concept.
    """
    tell = progress or (lambda share: None)
    recipe, device = tapped.model.preprocessing, next(tapped.parameters()).device
    images = [recipe.normalise(v).to(device) for v in judged.values()]
    by_label = [tapped.gradients(x, k) for k, x in enumerate(images)]
    mean = [
        np.stack([by_label[k][i].mean(0).numpy() for k in range(len(images))])
        for i in range(len(tapped.taps))
    ]
    found = Shipped(model, list(judged), tapped.names, [], [], {}, {})
    raw: list[dict[str, Any]] = []
    for m, material in enumerate(materials):
        part = _Part(tapped, material, images, mean, settings)
        for c, concept in enumerate(material.concepts):
            tell((m + (c + 1) / (len(material.concepts) + 1)) / len(materials))
            raw += part.judge(c, concept, found)
    corrected = holm([row["p"] for row in raw])
    for row, p in zip(raw, corrected):
        sure = bool(p < LEVEL and row["accuracy_ci"][0] > 0.5)
        found.rows.append(Row(**row, p_holm=_short(p), evidence=sure))
    tell(1.0)
    return found


class _Part:
    """One source of concepts: its images' activations and Captum's scores."""

    def __init__(
        self,
        tapped: Tapped,
        material: Material,
        images: list[torch.Tensor],
        gradients: list[np.ndarray],
        settings: Settings,
    ) -> None:
        self.material, self.gradients, self.settings = material, gradients, settings
        self.names = tapped.names
        s = settings
        tests = [arrange(material, c, s.runs, s.size, s.seed) for c in material.concepts]
        null = random_pairs(material, s.runs, min(s.size, len(tests[0].concept)), s.seed)
        pairs = [*(t.pairs for t in tests), null]
        sides = [side for own in pairs for pair in own for side in pair]
        used = np.unique(np.concatenate([*sides, *(t.random for t in tests)]))
        recipe, device = tapped.model.preprocessing, images[0].device
        self.table = tapped.activations(recipe.normalise(material.images[used]).to(device))
        place = np.searchsorted(used, np.arange(len(material.images)))
        placed = [[(place[one], place[other]) for one, other in own] for own in pairs]
        self.tests = [Test(place[t.concept], place[t.random], []) for t in tests]
        self.strata = material.strata[used]
        *self.scores, self.null = run(tapped, self.table, placed, images, s.seed)

    def judge(self, number: int, concept: ConceptSet, found: Shipped) -> list[dict[str, Any]]:
        """Vectors into `found`; returns one row per layer and label, not yet corrected."""
        test, scores = self.tests[number], self.scores[number]
        rows = np.concatenate([test.concept, test.random])
        y = np.repeat([True, False], [len(test.concept), len(test.random)])
        dealt = dealings(y, self.strata[rows], self.settings.dealings, self.settings.seed)
        steps, figures = {}, []
        for i, layer in enumerate(self.names):
            x = self.table[i][torch.as_tensor(rows)].numpy()
            vector = cav.fit(x, y)
            step = float((x[y].mean(0) - x[~y].mean(0)) @ vector)
            steps[layer] = _short(step)
            found.vectors[concept.id, layer] = vector
            right = cav.told_right(x, y, seed=self.settings.seed)
            ci = wilson(int(right.sum()), len(right))
            pull = Pull(x, self.gradients[i])
            own, others = pull(y[:, None])[0], pull(dealt)
            for k, label in enumerate(found.labels):
                row: dict[str, Any] = {"concept": concept.id, "layer": layer, "label": label}
                row |= _score(scores, self.null, i, k)
                row |= {"derivative": _short(self.gradients[i][k] @ vector * step)}
                row |= {"accuracy": _short(right.mean()), "accuracy_ci": ci}
                figures.append(row | {"p": _short(p_value(float(own[k]), others[:, k]))})
        n = len(test.concept)
        found.concepts.append(
            About(concept.id, concept.name, concept.source, concept.how, n, steps)
        )
        return figures


def _score(scores: Scores, null: Scores, layer: int, output: int) -> dict[str, float]:
    own, chance = scores.scores[:, layer, output], null.scores[:, layer, output]
    return {
        "score": _short(own.mean()),
        "spread": _short(own.std(ddof=1)),
        "random": _short(chance.mean()),
    }


def _short(value: float) -> float:
    return float(f"{float(value):.5g}")
