"""What `python -m core train TASK` can train."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from core.cards import Card
from core.data.dataset import DomainData
from core.training.run import Run

TRAINERS = {
    "autoencoder": "core.training.autoencoder",
    "texture": "core.training.texture",
    "diffusion": "core.training.diffusion",
    "gan": "core.training.gan",
    "classifier": "core.training.classifier",
    "detector": "core.training.detector",
    "encoder": "core.training.encoder",
    "cyclegan": "core.training.cyclegan",
    "text-diffusion": "core.training.text_diffusion",
    "text-gan": "core.training.text_gan",
}


class Trainer(Protocol):
    """Trains a model of one task and publishes it."""

    def __call__(self, config: dict, data: list[DomainData], run: Run) -> Card:
        """Train on the data's training split and return the published card."""


def reader(task: str) -> Callable[[dict, list[Path]], list] | None:
    """How a task reads its data, where it is no domain's labelled images; None otherwise."""
    trainer(task)
    return getattr(import_module(TRAINERS[task]), "read_data", None)


def trainer(task: str) -> Trainer:
    """The training function of a task.

    Raises:
        KeyError: no such task; the message lists those that exist.
    """
    if task not in TRAINERS:
        raise KeyError(f"Cannot train '{task}'; choose one of: {', '.join(TRAINERS)}.")
    found: Trainer = import_module(TRAINERS[task]).train
    return found
