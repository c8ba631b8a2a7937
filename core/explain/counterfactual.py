"""Counterfactual: the nearest generated change of an image that flips the class.

Two ways. "diffusion" lets the diffusion model redraw the image as the wanted class, no further
than needed (`core.explain.diffusion_edit`). "latent" follows the model's own gradient in the
latents of the shared autoencoder (as in latent counterfactuals, e.g. Dombrowski et al. 2023):
cross-entropy towards the wanted class plus a proximity penalty; it is for outputs that are no
class of images, and mostly finds weaknesses of the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from core import domains
from core.cards import Card
from core.errors import CheckpointError
from core.explain.diffusion_edit import redraw
from core.explain.explainable import Explainable, ExplainError
from core.explain.flip_controls import attack, grey_levels, random_change
from core.explain.latent_edit import search
from core.explain.metrics.table import as_input
from core.explain.service import open_model
from core.models.base import Progress
from core.models.diffusion import LatentDiffusion
from core.preprocessing import resized
from core.registry import Registry
from core.services.defaults import generator_rank
from core.services.queue import turn

AUTOENCODER = "shared/autoencoder-128"
VISIBLE = 12.0  # grey levels of 255 below which a local change is easily overlooked
FAR = 0.9  # strength from which on little more than the outline of an image is kept
AIM = 0.6
WAYS = ("diffusion", "latent")


@dataclass(frozen=True)
class Counterfactual:
    """A changed image and what was changed.

    Attributes:
        original: what the model saw, (S, S, C) uint8.
        reconstruction: the autoencoder's version of it, which the change starts from.
        changed: the counterfactual, (S, S, C) uint8.
        difference: changed less reconstruction in [-1, 1], mean over channels, (S, S) float32.
        before, after: P(wanted) of the reconstruction and of the counterfactual.
        wanted: the class it was changed to.
        flipped: whether the wanted class is now the answer.
        distance: root mean square of the change of the latents (their deviation is about 1).
        steps: gradient steps used ("latent"), or strengths tried ("diffusion").
        control: P(wanted) after random changes of the latents of the same size, a mean: what size
            alone does.
        others: P(wanted) before and after by the title of every other model of the same task,
            which the search never saw.
        way: "diffusion" or "latent".
        seen: P(wanted) of the original itself.
        strength: share of noise that the image was drawn back from ("diffusion").
        drawn_as: the image class it was drawn as ("diffusion").
        change: root mean square of the change in grey levels of 255.
        attack: the same of the smallest pixel change along the model's gradient that flips it,
            None where none of moderate size does.
    """

    original: np.ndarray
    reconstruction: np.ndarray
    changed: np.ndarray
    difference: np.ndarray
    before: float
    after: float
    wanted: str
    flipped: bool
    distance: float
    steps: int
    control: float = 0.0
    others: dict[str, tuple[float, float]] = field(default_factory=dict)
    way: str = "latent"
    seen: float = 0.0
    strength: float | None = None
    drawn_as: str = ""
    change: float = 0.0
    attack: float | None = None

    @property
    def visible(self) -> float:
        """How large the strongest percent of the change is, in grey levels of 255."""
        return float(np.percentile(np.abs(self.difference), 99)) * 255

    @property
    def followers(self) -> int:
        """How many of the other models now give the wanted answer too."""
        return sum(after > 0.5 for _, after in self.others.values())

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a flip says little about medicine: whole sentences, none where nothing is found."""
        found = []
        if self.before > 0.5:
            found.append("The autoencoder's version alone already gives this answer.")
        elif self.visible < VISIBLE:
            found.append(f"The change is hard to see: {self.visible:.1f} of 255 grey levels.")
        if self.others and self.followers < len(self.others):
            told = f"{self.followers} of {len(self.others)}"
            found.append(f"Of the other models of this task, {told} follow the change.")
        if not self.others:
            found.append("There is no second model to confirm it.")
        if self.strength is not None and self.strength > FAR:
            found.append("Little more than the outline was kept: this is nearly another image.")
        return tuple(found) if self.flipped else ()

    @property
    def near_adversarial(self) -> bool:
        """Whether the flip looks like a weakness of one model rather than a sign of the class.

        It does where the change can hardly be seen, where no other model follows it, or where it
        came from the model's own gradient and there is nobody to ask.
        """
        if not self.flipped:
            return False
        alone = self.followers == 0 and (bool(self.others) or self.way == "latent")
        return self.visible < VISIBLE or alone


def counterfactual(
    registry: Registry,
    model: str,
    image: np.ndarray,
    wanted: str | None = None,
    progress: Progress | None = None,
    way: str | None = None,
    **options: Any,
) -> Counterfactual:
    """Find the nearest change of an image that makes a model answer `wanted`.

    Args:
        registry: where the model, the shared autoencoder and the diffusion model are.
        model: a classifier or detector.
        image: decoded image, as for `explain`.
        wanted: class to reach; the second most probable one by default.
        progress: called with the share done; may raise `CancelledError`.
        way: one of `WAYS`; by default "diffusion" where the wanted output is a class of images
            that a diffusion model of the domain can draw.
        **options: of `search` or `redraw`.

    Raises:
        CheckpointError: the model or the autoencoder is missing.
        ExplainError: no such class, or the diffusion model cannot draw it.
    """
    with turn() as own:

        def report(share: float, _: Any = None) -> None:
            own.breathe()
            if progress:
                progress(share, None)

        return _found(registry, model, image, wanted, report, way, options)


@dataclass(frozen=True)
class _Artist:
    """A diffusion model, and which of its classes are meant by the wanted answer."""

    module: LatentDiffusion
    classes: list[str]
    labels: list[int]


def _drawer(registry: Registry, domain: str, wanted: str) -> tuple[Card, list[int]] | None:
    """The domain's best latent diffusion model that draws the wanted class, and its labels."""
    cards = [c for c in registry.cards(domain, "generator") if c.family == "latent-diffusion"]
    try:
        members = domains.get(domain).members(wanted)
    except KeyError:
        return None
    for card in sorted(cards, key=lambda c: generator_rank(registry, c), reverse=True):
        labels = [card.classes.index(m) for m in members if m in card.classes]
        if labels:
            return card, labels
    return None


def ways(registry: Registry, model: str, wanted: str) -> tuple[str, ...]:
    """Which of `WAYS` can lead a model to an output, the better one first."""
    drawable = _drawer(registry, registry.card(model).domain, wanted) is not None
    return WAYS if drawable else WAYS[1:]


def _artist(registry: Registry, domain: str, wanted: str) -> _Artist | None:
    found = _drawer(registry, domain, wanted)
    if found is None:
        return None
    module = registry.get(found[0].id).module
    assert isinstance(module, LatentDiffusion)
    return _Artist(module, found[0].classes, found[1])


def _found(
    registry: Registry,
    model: str,
    image: np.ndarray,
    wanted: str | None,
    report: Progress,
    way: str | None,
    options: dict[str, Any],
) -> Counterfactual:
    if way not in (None, *WAYS):
        raise ExplainError(f"There is no way '{way}'; choose one of: {', '.join(WAYS)}.")
    scored = open_model(registry, model)
    pixels = scored.preprocessing.pixels(image)
    x = as_input(scored, pixels)
    scored = scored.towards(wanted or _second(scored, x))
    wanted = scored.labels[scored.target]
    if scored.preprocessing.size % 8:
        raise CheckpointError("Counterfactuals need a model whose input side is a multiple of 8.")
    artist = None if way == "latent" else _artist(registry, registry.card(model).domain, wanted)
    if way == "diffusion" and artist is None:
        raise ExplainError(f"No diffusion model of this domain can draw '{wanted}'.")
    options = {"aim": AIM, **options}
    if artist is None:
        autoencoder: Any = registry.get(AUTOENCODER).module
        start, end, used = search(scored, autoencoder, x, progress=report, **options)
        told: dict[str, Any] = {"steps": used}
    else:
        autoencoder = artist.module.autoencoder
        start, end, told = _redrawn(artist, scored, x, report, options)
    found = told | _judged(scored, autoencoder, x, start, end)
    images = torch.cat([found.pop("first"), found.pop("last")])
    found["others"] = _others(registry, model, wanted, images)
    found["attack"] = attack(scored, x, options["aim"])
    return Counterfactual(original=pixels, wanted=wanted, **found)


def _second(scored: Explainable, x: torch.Tensor) -> str:
    """The second most probable output, or the only one."""
    order = scored.probabilities(x)[0].argsort()
    return scored.labels[int(order[-2])] if len(scored.labels) > 1 else scored.labels[0]


def _redrawn(
    artist: _Artist, scored: Explainable, x: torch.Tensor, report: Progress, options: dict[str, Any]
) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    """Start and end latents, and what is to be said of the drawing."""
    tried = 0

    def count(share: float) -> None:
        nonlocal tried
        tried += 1
        report(share, None)

    image = resized(x, artist.module.latent[1] * 8)
    judge = partial(_probability, scored)
    edit = redraw(artist.module, image, artist.labels, judge, progress=count, **options)
    name = artist.classes[edit.label]
    told = {"way": "diffusion", "strength": edit.strength, "drawn_as": name, "steps": tried}
    return edit.start, edit.end, told


def _probability(model: Explainable, images: torch.Tensor) -> torch.Tensor:
    """P(target) of images of any side, (N,)."""
    return model.probability(resized(images, model.preprocessing.size))


@torch.no_grad()
def _judged(
    model: Explainable, autoencoder: Any, x: torch.Tensor, start: torch.Tensor, end: torch.Tensor
) -> dict[str, Any]:
    """Images and figures of a change of latents."""
    channels, side = x.shape[1], x.shape[-1]
    first, last = (
        resized(autoencoder.decode(z, channels).clamp(-1, 1), side) for z in (start, end)
    )
    seen, before, after = (float(model.probability(i)) for i in (x, first, last))
    size = (end - start).square().mean().sqrt()
    show = model.preprocessing.denormalise
    return {
        "first": first,
        "last": last,
        "reconstruction": show(first)[0],
        "changed": show(last)[0],
        "difference": ((last - first) / 2).mean(1)[0].cpu().numpy(),
        "seen": seen,
        "before": before,
        "after": after,
        "flipped": after > 0.5,
        "distance": float(size),
        "change": grey_levels(last - first),
        "control": random_change(partial(_probability, model), autoencoder, start, size, channels),
    }


@torch.no_grad()
def _others(
    registry: Registry, model: str, wanted: str, images: torch.Tensor
) -> dict[str, tuple[float, float]]:
    """What every other model of the same task and input makes of the images before and after."""
    card, found = registry.card(model), {}
    for other in registry.cards(card.domain, card.task):
        alike = other.classes == card.classes and other.preprocessing == card.preprocessing
        if other.id == model or not alike:
            continue
        before, after = open_model(registry, other.id).towards(wanted).probability(images).tolist()
        found[other.title] = (before, after)
    return found
