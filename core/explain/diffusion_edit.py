"""An image redrawn as another class by the diffusion model, no further than needed.

The image is turned into noise along the model's own deterministic path without a class, up to a
time t (inversion, Song et al. 2021), then followed back under the wanted class's label: what the
class does not concern stays, as in dual diffusion bridges (Su et al. 2023). t is raised until a
judge accepts the result, so that the change is the smallest of its kind; the diffusion model never
sees the judge, which keeps the change from becoming an adversarial one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from core.models.diffusion import LatentDiffusion
from core.models.ode import heun

STRENGTHS = (0.4, 0.55, 0.65, 0.75, 0.85, 0.95)
GUIDANCE = 4.0  # higher than for sampling: half the change of the pixels for the same flip
STEPS = 10  # of Heun from pure noise; fewer from nearer
LEG = 3  # of Heun from one strength to the next on the way to noise
BETWEEN = 8  # points looked at between two strengths

Judge = Callable[[torch.Tensor], torch.Tensor]
"""Images (N, C, S, S) to the probability of the wanted answer, (N,)."""


@dataclass(frozen=True)
class Edit:
    """An image before and after, in latents.

    Attributes:
        start: latents of the image, (1, L, s, s).
        end: latents of the nearest accepted version, or of the furthest one tried.
        strength: the time t of the noise that it was drawn back from, in (0, 1].
        label: class id that it was drawn as.
        reached: whether the judge accepted it.
    """

    start: torch.Tensor
    end: torch.Tensor
    strength: float
    label: int
    reached: bool


@torch.no_grad()
def redraw(
    diffusion: LatentDiffusion,
    x: torch.Tensor,
    labels: Sequence[int],
    judge: Judge,
    aim: float,
    progress: Callable[[float], None] = lambda share: None,
    strengths: Sequence[float] = STRENGTHS,
) -> Edit:
    """Redraw an image as one of some classes, a little further each time.

    Args:
        diffusion: shared; only its forward pass is used.
        x: the image, (1, C, S, S), at the diffusion model's side.
        labels: class ids, each of which is tried; the nearest accepted version wins.
        judge: decides.
        aim: probability at which it accepts.
        progress: called with the share of strengths tried.
        strengths: increasing times in (0, 1).
    """
    start = diffusion.to_grid(x)
    none = torch.full((1,), diffusion.classes, device=start.device)
    classes = torch.tensor(list(labels), device=start.device)
    noised, before = start, 0.0
    last = start.expand(len(classes), -1, -1, -1)
    for tried, strength in enumerate(strengths):
        progress(tried / len(strengths))
        noised = heun(diffusion.guided(none, 1.0), noised, _times(before, strength, LEG))
        steps = max(3, round(STEPS * strength))
        drawn = heun(
            diffusion.guided(classes, GUIDANCE),
            noised.expand_as(last),
            _times(strength, 0, steps),
        )
        chance = judge(diffusion.to_image(drawn).clamp(-1, 1))
        accepted = [k for k in range(len(classes)) if chance[k] >= aim]
        if accepted:
            ends = {k: _between(diffusion, last[k], drawn[k], judge, aim) for k in accepted}
            best = min(ends, key=lambda k: float((ends[k] - start).square().mean()))
            return Edit(start, ends[best], strength, int(classes[best]), True)
        last, before = drawn, strength
    nearest = int(chance.argmax())
    return Edit(start, last[nearest : nearest + 1], before, int(classes[nearest]), False)


def _between(
    diffusion: LatentDiffusion, near: torch.Tensor, far: torch.Tensor, judge: Judge, aim: float
) -> torch.Tensor:
    """The first accepted point between two latents (L, s, s), the far one being accepted."""
    share = torch.linspace(0, 1, BETWEEN + 1, device=near.device)[1:, None, None, None]
    points = torch.lerp(near[None], far[None], share)
    chance = judge(diffusion.to_image(points).clamp(-1, 1))
    chance[-1] = 1.0  # whatever rounding makes of it
    first = int((chance >= aim).nonzero()[0])
    return points[first : first + 1]


def _times(start: float, end: float, steps: int) -> list[float]:
    return torch.linspace(start, end, steps + 1).tolist()
