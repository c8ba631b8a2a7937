"""A path between two images through a diffusion model's noise."""

from __future__ import annotations

import torch

from core.latent.interpolation import path, slerp
from core.models.base import Progress
from core.models.diffusion import STEPS, LatentDiffusion
from core.models.ode import Velocity, dpm_solver, schedule


def flat_slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    """`slerp` of noise (1, C, s, s) as one long vector, not per row of pixels."""
    return slerp(a.flatten(1), b.flatten(1), t).unflatten(1, a.shape[1:])


def blended(
    model: LatentDiffusion, first: torch.Tensor, second: torch.Tensor, guidance: float
) -> Velocity:
    """The velocity of one class turning into another along a batch.

    Image i of n follows (1 - i / (n - 1)) of the first class's velocity and the rest of the
    second's; the first and last image follow one class alone.

    Args:
        model: gives the velocities.
        first, second: (n,) class ids, all alike.
        guidance: of both.
    """
    if torch.equal(first, second):
        return model.guided(first, guidance)
    share = torch.linspace(0, 1, len(first), device=first.device)[:, None, None, None]
    ways = model.guided(first, guidance), model.guided(second, guidance)

    def velocity(z: torch.Tensor, t: float) -> torch.Tensor:
        return (1 - share) * ways[0](z, t) + share * ways[1](z, t)

    return velocity


@torch.no_grad()
def through_noise(
    model: LatentDiffusion,
    ends: tuple[torch.Tensor, torch.Tensor],
    classes: tuple[int, int],
    frames: int,
    steps: int = STEPS,
    guidance: float = 1.0,
    progress: Progress | None = None,
) -> torch.Tensor:
    """Images whose noises lie on the great circle between two noises (Song et al. 2021, fig. 6).

    Args:
        model: in evaluation mode.
        ends: two noises, (1, C, s, s) each: drawn from seeds, or `model.invert` of images.
        classes: class id at either end.
        frames: at least two.
        steps: of the sampler.
        guidance: 1 where a noise was inverted from an image, since inversion is unguided.
        progress: told the share done; may raise `CancelledError`.

    Returns:
        (frames, C, S, S) normalised.
    """
    line = path(ends[0], ends[1], frames, flat_slerp)[:, 0]
    first, second = (torch.full((frames,), c, device=line.device) for c in classes)
    velocity = blended(model, first, second, guidance)

    def report(k: int, z: torch.Tensor, t: float, v: torch.Tensor) -> None:
        if progress:
            progress((k + 1) / (steps + 1), None)

    latents = dpm_solver(velocity, line, schedule(steps), report)
    return torch.cat([model.to_image(part) for part in latents.split(8)])
