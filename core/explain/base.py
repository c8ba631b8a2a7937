"""What every attribution method offers, and the table of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from core.explain.explainable import Explainable, ExplainError


@dataclass(frozen=True)
class Settings:
    """Parameters of all methods; each method reads those that concern it.

    Attributes:
        baseline: of Integrated Gradients: "black", "blurred", "mean" or "averaged" (all three).
        steps: quadrature steps of Integrated Gradients, per baseline.
        max_steps: the steps are raised up to this until completeness holds.
        tolerance: the completeness gap aimed at, relative to the change of score.
        samples: gradients averaged by GradientSHAP and SmoothGrad.
        noise: standard deviation of SmoothGrad's noise, normalised units (range about 2).
        superpixels: segments of KernelSHAP.
        coalitions: model evaluations of KernelSHAP.
        window: side of Occlusion's window as a share of the image's.
        batch: images per pass at most; path methods take fewer where a CPU's caches are small.
        seed: of everything drawn at random.
        check: whether path methods measure how far their sum is off; without it, Integrated
            Gradients takes `steps` as they are.
    """

    baseline: str = "black"
    steps: int = 50
    max_steps: int = 400
    tolerance: float = 0.01
    samples: int = 50
    noise: float = 0.15
    superpixels: int = 40
    coalitions: int = 600
    window: float = 0.125
    batch: int = 50
    seed: int = 0
    check: bool = True

    def to_dict(self) -> dict[str, Any]:
        """All parameters, to be shown and saved beside the maps."""
        return asdict(self)


@dataclass(frozen=True)
class Attribution:
    """One map: what each pixel adds to the explained score.

    Attributes:
        values: (S, S) float32, signed.
        info: numbers of the method itself (completeness gap, steps used ...).
    """

    values: np.ndarray
    info: dict[str, Any] = field(default_factory=dict)


class Method(Protocol):
    """One attribution method."""

    def __call__(self, model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
        """Explain the model's score of one normalised image, (1, C, S, S)."""


@dataclass(frozen=True)
class Entry:
    """A registered method: its id, its name for people, its paper and its function."""

    id: str
    title: str
    paper: str
    run: Method
    supports: Callable[[Explainable], bool]


_methods: dict[str, Entry] = {}
_FIRST = ("gradcam", "ig", "shap")  # the three that stand side by side


def method(
    id: str, title: str, paper: str, supports: Callable[[Explainable], bool] = lambda model: True
) -> Callable[[Method], Method]:
    """Decorator: register an attribution method, so that new ones plug in."""

    def register(run: Method) -> Method:
        _methods[id] = Entry(id, title, paper, run, supports)
        return run

    return register


def methods(model: Explainable | None = None) -> dict[str, Entry]:
    """All methods by id, the usual three first; with a model, those that can explain it."""
    import core.explain.families  # noqa: F401  (registers every method)

    ids = [*_FIRST, *(name for name in _methods if name not in _FIRST)]
    return {i: _methods[i] for i in ids if model is None or _methods[i].supports(model)}


def get(method_id: str, model: Explainable | None = None) -> Entry:
    """A method by id.

    Raises:
        ExplainError: no such method, or it cannot explain this model.
    """
    known = methods(model)
    if method_id not in known:
        raise ExplainError(
            f"'{method_id}' cannot explain this model; choose from: {', '.join(known)}."
        )
    return known[method_id]


def to_map(attribution: torch.Tensor) -> np.ndarray:
    """Attribution (1, C, S, S) to a map (S, S) float32: channels are added, signs are kept."""
    return attribution.detach().sum(1)[0].float().cpu().numpy()
