"""Runs several methods on one image of one model."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from core.explain import base
from core.explain.base import Attribution, Settings
from core.explain.explainable import Explainable


def maps(
    model: Explainable,
    x: torch.Tensor,
    methods: Iterable[str],
    settings: Settings,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Attribution]:
    """Attribution of every method for one normalised image (1, C, S, S).

    Args:
        model: private to the caller.
        x: the image.
        methods: ids, each at most once.
        settings: shared by all methods, so that their maps compare.
        progress: called with a method's id before it runs; may raise to cancel.

    Raises:
        ExplainError: unknown method, or one that cannot explain this model.
    """
    entries = [base.get(name, model) for name in dict.fromkeys(methods)]
    found = {}
    for entry in entries:
        if progress:
            progress(entry.id)
        found[entry.id] = entry.run(model, x, settings)
    return found


def as_array(found: dict[str, Attribution]) -> dict[str, np.ndarray]:
    """The bare maps, (S, S) float32 by method id."""
    return {name: attribution.values for name, attribution in found.items()}
