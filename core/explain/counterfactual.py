"""Counterfactual: the nearest generated change of an image that flips the class.

Gradient search in the latents of the shared autoencoder (as in latent counterfactuals, e.g.
Dombrowski et al. 2023): cross-entropy towards the wanted class plus a proximity penalty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from core.errors import CheckpointError
from core.explain.explainable import Explainable
from core.explain.metrics.table import as_input
from core.explain.service import open_model
from core.models.base import Progress
from core.registry import Registry
from core.services.queue import turn

AUTOENCODER = "shared/autoencoder-128"
VISIBLE = 12.0  # grey levels of 255 below which a local change is easily overlooked
DRAWS = 8


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
        flipped: whether the wanted class is now the answer (`after` reached the aim).
        distance: root mean square of the change of the latents (their deviation is about 1).
        steps: gradient steps used.
        control: P(wanted) after random changes of the latents of the same size, mean of
            `DRAWS`: what size alone does.
        others: P(wanted) before and after by the title of every other model of the same task,
            which the search never saw.
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

    @property
    def visible(self) -> float:
        """How large the strongest percent of the change is, in grey levels of 255."""
        return float(np.percentile(np.abs(self.difference), 99)) * 255

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why a flip says little about medicine: whole sentences, none where nothing is found."""
        found = []
        if self.visible < VISIBLE:
            found.append(f"The change is hard to see: {self.visible:.1f} of 255 grey levels.")
        followers = sum(after > 0.5 for _, after in self.others.values())
        if self.others and followers < len(self.others):
            told = f"{followers} of {len(self.others)}"
            found.append(f"Of the other models of this task, {told} follow the change.")
        if not self.others:
            found.append("There is no second model to confirm it.")
        return tuple(found) if self.flipped else ()

    @property
    def near_adversarial(self) -> bool:
        """Whether the flip looks like a weakness of one model rather than a sign of the class.

        It does where the change can hardly be seen, or where no other model follows it.
        """
        follows = any(after > 0.5 for _, after in self.others.values())
        return self.flipped and (self.visible < VISIBLE or not follows)


def search(
    model: Explainable,
    autoencoder: Any,
    x: torch.Tensor,
    steps: int = 60,
    rate: float = 0.05,
    proximity: float = 0.5,
    aim: float = 0.8,
    progress: Progress | None = None,
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Move latents until P(target) reaches `aim`, staying near.

    Args:
        model: its target is the wanted class.
        autoencoder: with `encode` and `decode`.
        x: the image, (1, C, S, S).
        steps: at most.
        rate: of Adam, in latent deviations.
        proximity: weight of the latents' squared change.
        aim: P(target) at which the search ends.
        progress: called with the share of steps done.

    Returns:
        Start and end images (1, C, S, S), and the steps used.
    """
    with torch.no_grad():
        start = autoencoder.encode(x)
        first = autoencoder.decode(start, x.shape[1])
    change = torch.zeros_like(start, requires_grad=True)
    optimiser = torch.optim.Adam([change], lr=rate)
    image, used = first, 0
    for used in range(1, steps + 1):
        if progress:
            progress((used - 1) / steps, None)
        with torch.enable_grad():
            image = autoencoder.decode(start + change, x.shape[1]).clamp(-1, 1)
            chance = model.probability(image)
            if float(chance.detach()) >= aim:
                break
            loss = -chance.clamp_min(1e-6).log().sum() + proximity * change.square().sum() / 16
        (change.grad,) = torch.autograd.grad(loss, change)
        optimiser.step()
    return first, image.detach(), used


def counterfactual(
    registry: Registry,
    model: str,
    image: np.ndarray,
    wanted: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Counterfactual:
    """Find the nearest change of an image that makes a model answer `wanted`.

    Args:
        registry: where the model and the shared autoencoder are.
        model: a classifier or detector.
        image: decoded image, as for `explain`.
        wanted: class to reach; the second most probable one by default.
        progress: called with the share done; may raise `CancelledError`.
        **options: of `search`.

    Raises:
        CheckpointError: the model or the autoencoder is missing.
        ExplainError: no such class.
    """
    with turn() as own:

        def report(share: float, _: Any) -> None:
            own.breathe()
            if progress:
                progress(share, None)

        return _found(registry, model, image, wanted, report, options)


def _found(
    registry: Registry,
    model: str,
    image: np.ndarray,
    wanted: str | None,
    report: Progress,
    options: dict[str, Any],
) -> Counterfactual:
    scored = open_model(registry, model)
    pixels = scored.preprocessing.pixels(image)
    x = as_input(scored, pixels)
    if wanted is None:
        order = scored.probabilities(x)[0].argsort()
        wanted = scored.labels[int(order[-2])] if len(scored.labels) > 1 else scored.labels[0]
    scored = scored.towards(wanted)
    wanted = scored.labels[scored.target]
    if scored.preprocessing.size % 8:
        raise CheckpointError("Counterfactuals need a model whose input side is a multiple of 8.")
    autoencoder: Any = registry.get(AUTOENCODER).module
    first, last, used = search(scored, autoencoder, x, progress=report, **options)
    with torch.no_grad():
        before, after = (float(scored.probability(i)) for i in (first, last))
        start = autoencoder.encode(first)
        moved = autoencoder.encode(last) - start
        size = moved.square().mean().sqrt()
        control = _random_change(scored, autoencoder, start, size, x.shape[1])
    show = scored.preprocessing.denormalise
    return Counterfactual(
        original=pixels,
        reconstruction=show(first)[0],
        changed=show(last)[0],
        difference=((last - first) / 2).mean(1)[0].cpu().numpy(),
        before=before,
        after=after,
        wanted=wanted,
        flipped=after > 0.5,
        distance=float(size),
        steps=used,
        control=control,
        others=_others(registry, model, wanted, torch.cat([first, last])),
    )


def _random_change(
    model: Explainable, autoencoder: Any, start: torch.Tensor, size: torch.Tensor, channels: int
) -> float:
    """Mean P(target) after random changes of the latents of a given root mean square."""
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(DRAWS, *start.shape[1:], generator=random).to(start)
    noise = noise / noise.square().mean((1, 2, 3), keepdim=True).sqrt()
    images = autoencoder.decode(start + size * noise, channels).clamp(-1, 1)
    return float(model.probability(images).mean())


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
