"""Vectors and figures beside a checkpoint: what is shipped instead of images."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.cards import write_json
from core.errors import CheckpointError
from core.registry import WEIGHTS, Registry

LEVEL = 0.05
FIGURES, VECTORS = "concepts.json", "concepts.safetensors"
MAKE = "python -m core concepts measure --domain {domain} --model {model} --data ARCHIVE"


@dataclass(frozen=True)
class Row:
    """One concept at one layer, held against one output.

    Attributes:
        concept: its id.
        layer: display name of the layer.
        label: the output.
        score: mean TCAV score over runs, in [0, 1].
        spread: its standard deviation over runs.
        random: mean TCAV score of random sets.
        derivative: mean change of the label's log-odds, to first order, from the average random
            image to the average image of the concept.
        accuracy: share of held-out images told right, with its 95 % interval.
        p, p_holm: two-sided, plain and corrected over all rows of the model.
        evidence: whether `p_holm` is below 0.05 and the accuracy's interval above one half.
    """

    concept: str
    layer: str
    label: str
    score: float
    spread: float
    random: float
    derivative: float
    accuracy: float
    accuracy_ci: tuple[float, float]
    p: float
    p_holm: float
    evidence: bool


@dataclass(frozen=True)
class About:
    """One concept in words.

    Attributes:
        id, name, source, how: as in `core.concepts.sets.ConceptSet`.
        images: how many images of it were used.
        step: by layer, how far along the unit vector the average image of the concept lies from
            the average random image.
    """

    id: str
    name: str
    source: str
    how: str
    images: int
    step: dict[str, float]

    @property
    def title(self) -> str:
        """The name as a person would say it.

        Latent directions are named by their strongest measured effect, which reads badly where
        that is a classifier's logit, or nothing clear.
        """
        said = re.sub(r"(?:more )?no clear effect \((.+)\)", r"\1, no clear effect", self.name)
        said = said.removesuffix(": no clear effect")
        said = re.sub(r"more (\S+): logit (\S+)", r"raises \2 of \1", said)
        return re.sub(r"less (\S+): logit (\S+)", r"lowers \2 of \1", said)


@dataclass
class Shipped:
    """Concept vectors of one model and what was measured of them.

    Attributes:
        model: its id.
        labels: its outputs, in order.
        layers: display names, in order.
        concepts: what was tested.
        rows: every concept, layer and label.
        settings: runs, images, seed, splits, archives, sha256 of the weights.
        vectors: (size,) float32 of unit length by (concept id, layer).
    """

    model: str
    labels: list[str]
    layers: list[str]
    concepts: list[About]
    rows: list[Row]
    settings: dict[str, Any] = field(default_factory=dict)
    vectors: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def row(self, concept: str, layer: str, label: str) -> Row | None:
        """The figures of one concept, layer and label."""
        wanted = (concept, layer, label)
        return next((r for r in self.rows if (r.concept, r.layer, r.label) == wanted), None)


def save(found: Shipped, folder: Path) -> None:
    """Write `concepts.json` and `concepts.safetensors` (float16) into a checkpoint's folder."""
    vectors = {f"{c}|{layer}": v.astype(np.float16) for (c, layer), v in found.vectors.items()}
    save_file(vectors, folder / VECTORS)
    content = {
        "model": found.model,
        "labels": found.labels,
        "layers": found.layers,
        "settings": found.settings,
        "concepts": [asdict(c) for c in found.concepts],
        "rows": [asdict(r) for r in found.rows],
    }
    write_json(folder / FIGURES, content)


def load(registry: Registry, model: str) -> Shipped | None:
    """What is shipped with a model, None where nothing is.

    Raises:
        CheckpointError: damaged files, or vectors of other weights.
    """
    folder = registry.folder(model)
    if not (folder / FIGURES).exists():
        return None
    card = registry.card(model)
    again = MAKE.format(domain=card.domain, model=model)
    try:
        content = json.loads((folder / FIGURES).read_text())
        tensors = load_file(folder / VECTORS)
        rows = [Row(**{**r, "accuracy_ci": tuple(r["accuracy_ci"])}) for r in content.pop("rows")]
        concepts = [About(**c) for c in content.pop("concepts")]
        vectors = {
            (key.split("|")[0], key.split("|")[1]): v.astype(np.float32)
            for key, v in tensors.items()
        }
        found = Shipped(**content, concepts=concepts, rows=rows, vectors=vectors)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise CheckpointError(
            f"The concepts of {model} are damaged; make them again with '{again}'."
        ) from error
    if found.settings.get("weights") != card.files.get(WEIGHTS):
        raise CheckpointError(
            f"The concepts of {model} were measured on other weights; run '{again}'."
        )
    return found
