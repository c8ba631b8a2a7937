"""Which words made an image: integrated gradients through the generator, attention, removal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.errors import CheckpointError
from core.models.base import Classifier
from core.models.text_generator import TextGenerator
from core.preprocessing import resized
from core.registry import Registry
from core.services.queue import turn
from core.services.text import checked, choose, encoder_of, expected, judge_of
from core.services.text_options import options_of
from core.text.encoder import TextEncoder, Tokens

STEPS = 8  # of the path integral, Gauss-Legendre
SAMPLING = {"steps": 5.0}  # of the diffusion while gradients flow through it
REMOVED = 6  # words taken out one by one, those of largest attribution


@dataclass
class Word:
    """One word of the text.

    Attributes:
        text: as written.
        tokens: its positions among the tokens.
        value: integrated gradient, in the score's units; above 0 speaks for the target.
        attention: (s, s) share of attention that image positions gave it, mean 1 over words.
        removed: (S, S) change of the image without the word, in grey levels; None if not drawn.
    """

    text: str
    tokens: list[int]
    value: float = 0.0
    attention: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    removed: np.ndarray | None = None


@dataclass
class TextExplanation:
    """Words of a text and how they shaped one image.

    Attributes:
        words: in order.
        target: what the score asks the classifier for.
        judge: id of the classifier.
        score: log-odds of the target in the image.
        baseline: the same where every word is masked.
        gap: |sum of attributions − change of score| over the change.
        image: (S, S, C) uint8, drawn with the settings of the explanation.
    """

    words: list[Word]
    target: str
    judge: str
    score: float
    baseline: float
    gap: float
    image: np.ndarray


def explain(
    registry: Registry, model: str | None, text: str, seed: int, guidance: float | None = None
) -> TextExplanation:
    """Explain the image of one text and seed.

    Args:
        registry: holds generator and classifier.
        model: id of a generator from text.
        text: the report.
        seed: of the image.
        guidance: of the sampling; the model's own where left out.

    Raises:
        CheckpointError: no such generator, or no classifier that knows the condition.
        SynthLensError: an empty text.
    """
    card = choose(registry, model)
    encoder = encoder_of(card)
    tokens = checked(text, encoder)
    options = options_of(registry, card, SAMPLING if "diffusion" in card.family else {})
    if guidance is not None:
        options["guidance"] = guidance
    with turn(), registry.locked(card.id) as loaded:
        generator = cast(TextGenerator, loaded.module)
        path = _Path(encoder, generator, tokens, seed, options, loaded.device)
        with torch.no_grad():
            condition = card.classes[int(path.reading().argmax())]
        judge = judge_of(registry, condition)
        if judge is None:
            raise CheckpointError(f"There is no classifier that knows '{condition}'.")
        with registry.locked(judge.id) as other:
            module, side = cast(Classifier, other.module), judge.preprocess().size
            score = _Score(module, judge.classes, condition, side)
            return _explained(path, score, judge.id, card.preprocess())


def _explained(path: _Path, score: _Score, judge: str, recipe: Any) -> TextExplanation:
    words = words_of(path.tokens)
    values, start, end = integrate(path, score)
    for word in words:
        word.value = float(values[word.tokens].sum())
    with torch.no_grad():
        with recorded(path.generator) as maps:
            image = path.image(path.embedded)
        _attend(words, maps)
        _remove(words, path, image, recipe)
    gap = abs(float(values.sum()) - (end - start)) / max(abs(end - start), 1e-6)
    shown = recipe.denormalise(image)[0]
    return TextExplanation(words, score.name, judge, end, start, gap, shown)


@dataclass
class _Score:
    """Log-odds that a classifier, asked at its own side, gives to labels that fit a condition."""

    classifier: Classifier
    labels: list[str]
    condition: str
    side: int

    @property
    def name(self) -> str:
        return " or ".join(sorted(expected(self.labels, self.condition)))

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        wanted = expected(self.labels, self.condition)
        rows = torch.tensor([label in wanted for label in self.labels], device=images.device)
        logits = self.classifier(resized(images, self.side).clamp(-1, 1)).float()
        return logits[:, rows].logsumexp(1) - logits[:, ~rows].logsumexp(1)


class _Path:
    """From word embeddings to the image, differentiable all the way."""

    def __init__(
        self,
        encoder: TextEncoder,
        generator: TextGenerator,
        tokens: Tokens,
        seed: int,
        options: dict[str, float],
        device: torch.device,
    ) -> None:
        self.generator, self.tokens = generator, tokens
        self.bert, self.options, self.device = encoder.bert, options, device
        self.mask = tokens.mask
        table = cast(Any, encoder.bert).get_input_embeddings()
        with torch.no_grad():
            self.embedded = table(tokens.ids)
            blank = tokens.ids.clone()
            inner = torch.tensor([[b > a for a, b in tokens.spans[0]]])
            blank[inner] = mask_id(encoder)
            self.baseline = table(blank)
        self.seed = seed

    def states(self, embedded: torch.Tensor) -> torch.Tensor:
        """Word embeddings (N, L, D) to contextual states (N, L, D)."""
        mask = self.mask.expand(len(embedded), -1).long()
        out = self.bert(inputs_embeds=embedded, attention_mask=mask)
        return out.last_hidden_state.to(self.device)

    def image(self, embedded: torch.Tensor) -> torch.Tensor:
        """Word embeddings (N, L, D) to images (N, C, S, S), the same noise for all."""
        n = len(embedded)
        heard = self.mask.expand(n, -1).to(self.device)
        text, silent = self.generator.both(self.states(embedded), heard)
        z = self.generator.noise([self.seed]).expand(n, -1, -1, -1)
        seeds = [self.seed] * n
        drawn = self.generator.draw(z, text, silent, None, **self.options)
        return self.generator.to_image(drawn, seeds)

    def reading(self) -> torch.Tensor:
        """The generator's own logits of the conditions, (K,)."""
        heard = self.mask.to(self.device)
        return self.generator.listen(self.states(self.embedded), heard).logits[0]


def mask_id(encoder: TextEncoder) -> int:
    """The id of the token that stands for a hidden word, 0 where the tokenizer has none."""
    found = encoder.tokenizer.token_to_id("[MASK]")
    return int(found) if found is not None else 0


def integrate(path: _Path, score: _Score) -> tuple[torch.Tensor, float, float]:
    """Integrated gradients (Sundararajan et al. 2017, eq. 1) over word embeddings.

    The baseline is the same text with every word masked. Returns a value per token (L,), and the
    scores of baseline and text.
    """
    nodes, weights = np.polynomial.legendre.leggauss(STEPS)
    at = torch.tensor((nodes + 1) / 2, dtype=torch.float32)[:, None, None]
    difference = path.embedded - path.baseline
    points = (path.baseline + at * difference).detach().requires_grad_()
    with torch.enable_grad():
        total = score(path.image(points)).sum()
        (gradient,) = torch.autograd.grad(total, points)
    share = torch.tensor(weights / 2, dtype=torch.float32)[:, None, None]
    values = ((share * gradient).sum(0) * difference[0]).sum(-1)
    with torch.no_grad():
        ends = score(path.image(torch.cat([path.baseline, path.embedded])))
    return values, float(ends[0]), float(ends[1])


def words_of(tokens: Tokens) -> list[Word]:
    """Words of the first text with the tokens that lie in them; those cut off are left out."""
    found = []
    for match in re.finditer(r"\S+", tokens.texts[0]):
        own = [
            k
            for k, (a, b) in enumerate(tokens.spans[0])
            if b > a and a >= match.start() and b <= match.end()
        ]
        if own:
            found.append(Word(match.group(), own))
    return found


class _Recorder:
    """Attention processor that keeps each word's share, summed over heads and calls."""

    def __init__(self, store: dict[int, torch.Tensor]) -> None:
        self.store = store

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> torch.Tensor:
        text = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        if attention_mask is not None:
            attention_mask = attn.prepare_attention_mask(
                attention_mask, text.shape[1], len(hidden_states)
            )
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        key = attn.head_to_batch_dim(attn.to_k(text))
        value = attn.head_to_batch_dim(attn.to_v(text))
        share = attn.get_attention_scores(query, key, attention_mask)
        first = share.unflatten(0, (len(hidden_states), -1))[0].mean(0)  # (positions, tokens)
        kept = self.store.get(first.shape[0])
        self.store[first.shape[0]] = first if kept is None else kept + first
        out = attn.batch_to_head_dim(torch.bmm(share, value))
        return attn.to_out[1](attn.to_out[0](out))


@contextmanager
def recorded(generator: nn.Module) -> Iterator[dict[int, torch.Tensor]]:
    """Record cross-attention within the block: number of positions to (positions, tokens)."""
    store: dict[int, torch.Tensor] = {}
    modules = [cast(Any, m) for name, m in generator.named_modules() if name.endswith("attn2")]
    before = [m.processor for m in modules]
    for module in modules:
        module.processor = _Recorder(store)
    try:
        yield store
    finally:
        for module, processor in zip(modules, before):
            module.processor = processor


def _attend(words: list[Word], maps: dict[int, torch.Tensor]) -> None:
    """Attention of each word on the finest grid; the mean over words is 1 at every position."""
    if not words or not maps:
        return
    side = round(max(maps) ** 0.5)
    total = torch.zeros(len(words), side, side)
    for positions, share in maps.items():
        own = round(positions**0.5)
        # the first token is the summary, which belongs to no word
        rows = torch.stack([share[:, [k + 1 for k in w.tokens]].sum(1) for w in words]).cpu()
        grid = rows.reshape(len(words), 1, own, own).float()
        total += F.interpolate(grid, (side, side), mode="bilinear")[:, 0]
    total /= total.mean(0, keepdim=True).clamp(min=1e-9)
    for word, grid in zip(words, total):
        word.attention = grid.numpy()


def _remove(words: list[Word], path: _Path, image: torch.Tensor, recipe: Any) -> None:
    """What the image loses without a word, for those of largest attribution."""
    chosen = sorted(words, key=lambda w: -abs(w.value))[:REMOVED]
    if not chosen:
        return
    embedded = path.embedded.repeat(len(chosen), 1, 1)
    for row, word in enumerate(chosen):
        embedded[row, word.tokens] = path.baseline[0, word.tokens]
    start = recipe.denormalise(image).astype(float)
    without = recipe.denormalise(path.image(embedded)).astype(float)
    for word, change in zip(chosen, without - start):
        word.removed = change.mean(2)
