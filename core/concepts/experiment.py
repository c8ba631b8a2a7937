"""TCAV through `captum.concept`, on activations that are computed once per image."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from captum._utils.av import AV
from captum.attr import LayerGradientXActivation
from captum.concept import TCAV, Concept
from captum.concept._core.cav import CAV

from core.concepts.cav import LinearCAV
from core.concepts.sets import Pair
from core.concepts.tapped import Tapped


class CachedTCAV(TCAV):
    """Captum's TCAV whose activations come from a table instead of a pass per concept.

    Args:
        tapped: the model.
        table: per layer, (M, size) activations of all images.
        folder: where Captum keeps activations and vectors.
        seed: of the held-out images.
    """

    def __init__(self, tapped: Tapped, table: list[torch.Tensor], folder: str, seed: int) -> None:
        self.table = table
        super().__init__(
            tapped,
            [f"taps.{i}" for i in range(len(tapped.taps))],
            classifier=LinearCAV(seed),
            layer_attr_method=LayerGradientXActivation(tapped, None, multiply_by_inputs=False),  # type: ignore[arg-type]
            save_path=folder,
        )

    def generate_activation(self, layers: str | list[str], concept: Concept) -> None:
        """Store the activations of a concept, whose data are positions in the table."""
        for layer in [layers] if isinstance(layers, str) else layers:
            rows = self.table[int(layer.split(".")[1])][concept.data_iter]
            AV.save(self.save_path, self.model_id, concept.identifier, layer, rows, "0")

    def compute_cavs(
        self, experimental_sets: list[list[Concept]], *given: Any, **options: Any
    ) -> dict[str, dict[str, CAV]]:
        """Fit every vector once, and not once per output."""
        return self.cavs or super().compute_cavs(experimental_sets, *given, **options)


@dataclass
class Scores:
    """What R pairs of one concept gave.

    Attributes:
        scores: (R, layers, K) share of a class's images whose log-odds grow along the vector.
        accuracy: (R, layers) share of held-out images told right.
    """

    scores: np.ndarray
    accuracy: np.ndarray


def run(
    tapped: Tapped,
    table: list[torch.Tensor],
    pairs: list[list[Pair]],
    class_images: list[torch.Tensor],
    seed: int = 0,
) -> list[Scores]:
    """Fit a vector per pair and layer and score it on the images of every class.

    Args:
        tapped: the model.
        table: activations of all images that pairs point into.
        pairs: of every concept, R pairs.
        class_images: per output k, the images (N_k, C, S, S) that its score is measured on.
        seed: of the held-out images.

    Returns:
        One entry per concept, in order.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tcav = CachedTCAV(tapped, table, folder, seed)
        sets = _experiments(pairs)
        flat = [pair for own in sets for pair in own]
        found = [
            tcav.interpret(images, flat, target=k)  # type: ignore[arg-type]
            for k, images in enumerate(class_images)
        ]
        return [_collect(tcav, own, found, len(tapped.taps)) for own in sets]


def _experiments(pairs: list[list[Pair]]) -> list[list[list[Concept]]]:
    """Pairs as Captum's concepts; the same positions are one concept, numbered in order."""
    known: dict[bytes, Concept] = {}

    def concept(positions: np.ndarray) -> Concept:
        key = np.ascontiguousarray(positions).tobytes()
        if key not in known:
            index: Any = torch.as_tensor(positions)
            known[key] = Concept(len(known), f"set-{len(known)}", index)
        return known[key]

    return [[[concept(one), concept(other)] for one, other in own] for own in pairs]


def _collect(
    tcav: TCAV, sets: list[list[Concept]], found: list[dict[str, Any]], layers: int
) -> Scores:
    keys = [f"{pair[0].id}-{pair[1].id}" for pair in sets]
    names = [f"taps.{i}" for i in range(layers)]
    scores = [[[float(one[k][n]["sign_count"][0]) for one in found] for n in names] for k in keys]
    stats: list[list[Any]] = [[tcav.cavs[k][n].stats for n in names] for k in keys]
    accuracy = [[float(s["accs"]) for s in row] for row in stats]
    return Scores(np.array(scores), np.array(accuracy))
