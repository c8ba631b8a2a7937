"""The one interface through which classifiers, detectors and critics are explained."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from core.cards import Card
from core.errors import SynthLensError
from core.preprocessing import Preprocessing


class ExplainError(SynthLensError):
    """Something cannot be explained as asked; the text says what can."""


def with_shared_weights(module: nn.Module) -> nn.Module:
    """Copy a module's structure, not its weights: hooks on the copy never touch the original.

    Every session explains on a copy of its own, so neither other explanations nor ordinary
    predictions on the shared model can run through its hooks.
    """
    keep: dict[int, object] = {id(p): p for p in module.parameters()}
    keep |= {id(b): b for b in module.buffers()}
    for value in vars(module).values():
        # A tuple holds modules kept out of the state dict (an autoencoder, say).
        if isinstance(value, tuple):
            keep |= {id(m): m for m in value if isinstance(m, nn.Module)}
    return copy.deepcopy(module, keep)


def cam_layer(module: Any) -> nn.Module | None:
    """The layer that a model names for Grad-CAM, if it does."""
    layer: nn.Module | None = module.cam_layer() if hasattr(module, "cam_layer") else None
    return layer


def plain_outputs(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The module's own outputs as (N, K): a single score per image becomes one column."""
    outputs = module(x)
    return outputs if outputs.ndim == 2 else outputs.reshape(x.shape[0], -1)


@dataclass(frozen=True)
class Explainable:
    """A scalar score of an image: what an explanation explains.

    Attributes:
        module: the model; a private copy of structure while explaining.
        preprocessing: of the model's input.
        labels: names of the outputs; a single one means a binary logit or a free score.
        target: index of the explained output.
        against: index of the output it is contrasted with; the score is then the difference of
            the two logits ("why this and not that?").
        temperature: divides the logits before they become probabilities (calibration); the
            explained score is the plain logit.
        separate: whether every output is read on its own (a critic's scores, by a sigmoid) and
            not as one of several alternatives (a classifier's logits, by a softmax).
        outputs: (module, (N, C, S, S)) to (N, K) logits.
    """

    module: nn.Module
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    target: int = 0
    against: int | None = None
    temperature: float = 1.0
    separate: bool = False
    outputs: Callable[[nn.Module, torch.Tensor], torch.Tensor] = plain_outputs

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) normalised images to the explained score, (N,)."""
        return self.score_of(self.outputs(self.module, x))

    def score_of(self, logits: torch.Tensor) -> torch.Tensor:
        """(N, K) logits to the explained score, (N,)."""
        score = logits[:, self.target]
        return score if self.against is None else score - logits[:, self.against]

    def probability(self, x: torch.Tensor) -> torch.Tensor:
        """P(target), or P(target | target or contrast), (N,) in [0, 1].

        A single output is read as a logit.
        """
        logits = self.outputs(self.module, x) / self.temperature
        if self.against is not None or logits.shape[1] == 1 or self.separate:
            return self.score_of(logits).sigmoid()
        return logits.softmax(1)[:, self.target]

    def probabilities(self, x: torch.Tensor) -> np.ndarray:
        """All outputs as probabilities, (N, K): softmax, or each logit's sigmoid."""
        with torch.no_grad():
            logits = self.outputs(self.module, x) / self.temperature
        alone = logits.shape[1] == 1 or self.separate
        return (logits.sigmoid() if alone else logits.softmax(1)).cpu().numpy()

    def towards(self, target: str | None, against: str | None = None) -> Explainable:
        """The same model with another output explained.

        Raises:
            ExplainError: no such output, or an output contrasted with itself.
        """
        first = self.target if target is None else self._index(target)
        second = None if against is None else self._index(against)
        if first == second:
            raise ExplainError("Choose two different classes to contrast.")
        return replace(self, target=first, against=second)

    def private(self) -> Explainable:
        """The same score on a private copy of the structure that shares the weights."""
        return replace(self, module=with_shared_weights(self.module))

    def cloned(self) -> Explainable:
        """The same score on a full copy, whose weights may be destroyed."""
        module = copy.deepcopy(self.module).requires_grad_(False)
        return replace(self, module=module)

    def _index(self, label: str) -> int:
        for index, known in enumerate(self.labels):
            if known.lower() == label.lower():
                return index
        raise ExplainError(f"The model has no output '{label}'; choose {', '.join(self.labels)}.")


def _temperature(card: Card) -> float:
    return float(card.calibration.get("temperature", 1.0))


def _classifier(card: Card, module: nn.Module) -> Explainable:
    labels = tuple(card.classes)
    return Explainable(module, card.preprocess(), labels, temperature=_temperature(card))


def _detector(card: Card, module: nn.Module) -> Explainable:
    labels = tuple(card.classes) if len(card.classes) > 1 else ("synthetic",)
    target = next((i for i, name in enumerate(labels) if name.lower() == "synthetic"), 0)
    return Explainable(module, card.preprocess(), labels, target, None, _temperature(card))


def _critic(card: Card, module: nn.Module) -> Explainable:
    labels = tuple(card.classes) or ("realism",)
    return Explainable(
        module, card.preprocess(), labels, temperature=_temperature(card), separate=True
    )


ADAPTERS: dict[str, Callable[[Card, nn.Module], Explainable]] = {
    "classifier": _classifier,
    "detector": _detector,
    "critic": _critic,
}
"""How a checkpoint of each task becomes explainable; new tasks add themselves here."""


def explainable(card: Card, module: nn.Module) -> Explainable:
    """Make a loaded checkpoint explainable.

    Raises:
        ExplainError: models of this task have no score to explain.
    """
    if card.task not in ADAPTERS:
        raise ExplainError(
            f"{card.title} is a {card.task}: choose a {', a '.join(ADAPTERS)} to explain."
        )
    return ADAPTERS[card.task](card, module)
