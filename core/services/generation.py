"""Draw synthetic images of a class: the same seed gives the same image."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from core import domains
from core.cards import Card
from core.errors import CancelledError, CheckpointError, SynthLensError
from core.memory import ON_CPU, SMALLER, relieve, short_of_memory
from core.models.base import Generator
from core.registry import Loaded, Registry
from core.services.defaults import choose
from core.services.queue import Turn, turn
from core.services.remote import served

BATCH = 16

Report = Callable[[float, np.ndarray | None], None]
"""Called with the share done (0 to 1) and, where there is one, a preview (N, S, S, C) uint8.

It may raise `CancelledError`: the images finished by then are kept.
"""


@dataclass
class GeneratedImage:
    """One synthetic image and all that is needed to draw it again.

    Attributes:
        pixels: (S, S, C) uint8.
        options: sampling settings the caller gave (`steps`, `guidance`, `truncation`).
        note: what the user should know about how it was made; usually empty.
    """

    pixels: np.ndarray
    domain: str
    class_id: str
    model: str
    seed: int
    options: dict[str, float] = field(default_factory=dict)
    note: str = ""


def generate(
    registry: Registry,
    domain: str,
    model: str | None,
    label: str,
    n: int,
    seed: int,
    options: dict[str, float] | None = None,
    progress: Report | None = None,
) -> list[GeneratedImage]:
    """Draw `n` images; image i has seed `seed + i`.

    Args:
        registry: where models come from.
        domain: domain id.
        model: id of a generator; None for the domain's best.
        label: an image class, or a task label, which cycles through its member classes.
        n: how many images.
        seed: seed of the first image.
        options: `steps`, `guidance`, `truncation`; the model's own defaults otherwise.
        progress: called as the work goes on; may raise `CancelledError`.

    Returns:
        The images in order; fewer than `n` when the work was cancelled.

    Raises:
        KeyError: unknown domain or class.
        CheckpointError: no such generator, or it does not know the class.
        CancelledError: cancelled while waiting for a turn.
        SynthLensError: `n` below 1 or a negative seed.
    """
    if n < 1 or seed < 0:
        raise SynthLensError("Ask for at least one image, with a seed of 0 or more.")
    card = choose(registry, domain, "generator", model)
    known = members(card, domain, label)
    classes = [known[i % len(known)] for i in range(n)]
    seeds = list(range(seed, seed + n))
    return draw(registry, domain, card, classes, seeds, options, progress)


@served
def draw(
    registry: Registry,
    domain: str,
    card: Card,
    classes: list[str],
    seeds: list[int],
    options: dict[str, float] | None = None,
    progress: Report | None = None,
) -> list[GeneratedImage]:
    """Draw one image per class and seed, in batches; see `generate` for the other arguments."""
    with turn() as own:
        plan = _Plan(registry, domain, card, classes, seeds, dict(options or {}), progress, own)
        with contextlib.suppress(CancelledError):
            plan.work()
    return plan.done


def members(card: Card, domain: str, label: str) -> list[str]:
    """The image classes of a generator that a class id or task label means.

    Raises:
        KeyError: no such class in the domain.
        CheckpointError: the generator knows none of them.
    """
    known = [m for m in domains.get(domain).members(label) if m in card.classes]
    if not known:
        raise CheckpointError(
            f"The model {card.id} does not know '{label}'; it knows: {', '.join(card.classes)}."
        )
    return known


@dataclass
class _Plan:
    """The batches of one request, and a way down when memory does not suffice."""

    registry: Registry
    domain: str
    card: Card
    classes: list[str]
    seeds: list[int]
    options: dict[str, float]
    progress: Report | None
    turn: Turn
    batch: int = field(default_factory=lambda: BATCH)
    note: str = ""
    done: list[GeneratedImage] = field(default_factory=list)

    def work(self) -> None:
        loaded = self.registry.get(self.card.id)
        self.note = loaded.note
        while len(self.done) < len(self.classes):
            self.turn.breathe()
            try:
                self._draw(loaded)
            except RuntimeError as error:
                if not short_of_memory(error):
                    raise
                loaded = self._way_down(loaded)

    def _draw(self, loaded: Loaded) -> None:
        start = len(self.done)
        classes = self.classes[start : start + self.batch]
        seeds = self.seeds[start : start + self.batch]
        labels = torch.tensor([self.card.classes.index(c) for c in classes], device=loaded.device)
        generator: Generator = loaded.module  # type: ignore[assignment]
        with loaded.lock, torch.inference_mode():
            batch = generator.sample(labels, seeds, self._report(len(classes)), **self.options)
        for pixels, name, own in zip(self.card.preprocess().denormalise(batch), classes, seeds):
            self.done.append(
                GeneratedImage(
                    pixels, self.domain, name, self.card.id, own, self.options, self.note
                )
            )
        if self.progress:
            self.progress(len(self.done) / len(self.classes), None)

    def _report(self, size: int) -> Callable[[float, torch.Tensor | None], None] | None:
        if self.progress is None:  # a preview costs a pass of the autoencoder
            return None
        recipe, report = self.card.preprocess(), self.progress

        def forward(share: float, preview: torch.Tensor | None) -> None:
            self.turn.beat()
            pixels = None if preview is None else recipe.denormalise(preview)
            report((len(self.done) + share * size) / len(self.classes), pixels)

        return forward

    def _way_down(self, loaded: Loaded) -> Loaded:
        """Halve the batch; from a batch of one move to the CPU."""
        relieve(loaded.device)
        if self.batch > 1:
            self.batch //= 2
            self.note = SMALLER.format(size=self.batch)
            return loaded
        if loaded.device.type == "cpu":
            raise SynthLensError("There is not enough memory to draw even one image.")
        self.note = ON_CPU
        return Registry(self.registry.root, torch.device("cpu")).get(self.card.id)
