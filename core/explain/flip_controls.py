"""What a flip is worth: the same answer from changes that mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from core.explain.explainable import Explainable

DRAWS = 8
STRIDE = 0.2  # grey levels of 255, root mean square, of one step of the attack
STRIDES = 50


def random_change(
    judge: Callable[[torch.Tensor], torch.Tensor],
    autoencoder: Any,
    start: torch.Tensor,
    size: torch.Tensor,
    channels: int,
) -> float:
    """Mean probability after random changes of the latents of a given root mean square.

    Args:
        judge: images to the probability of the wanted class.
        autoencoder: with `decode`.
        start: latents, (1, L, s, s).
        size: root mean square of the change, ().
        channels: of the image.
    """
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(DRAWS, *start.shape[1:], generator=random).to(start)
    noise = noise / noise.square().mean((1, 2, 3), keepdim=True).sqrt()
    images = autoencoder.decode(start + size * noise, channels).clamp(-1, 1)
    return float(judge(images).mean())


def attack(model: Explainable, x: torch.Tensor, aim: float) -> float | None:
    """Size of a meaningless pixel change that flips the answer just as well.

    Steps of one size along the normalised gradient (the iterative method of Kurakin et al. 2017,
    in the root-mean-square norm).

    Args:
        model: its target is the wanted class.
        x: the image, (1, C, S, S).
        aim: P(target) that counts as flipped.

    Returns:
        Root mean square of the change in grey levels of 255; None where `STRIDES` do not suffice.
    """
    moved = x.detach()
    for _ in range(STRIDES):
        with torch.enable_grad():
            moved = moved.requires_grad_()
            logit = model.probability(moved).clamp(1e-6, 1 - 1e-6).logit()
            (grad,) = torch.autograd.grad(logit.sum(), moved)
        step = grad / grad.square().mean().sqrt().clamp_min(1e-12)
        moved = (moved.detach() + STRIDE / 127.5 * step).clamp(-1, 1)
        with torch.no_grad():
            if float(model.probability(moved)) >= aim:
                return grey_levels(moved - x)
    return None


def grey_levels(change: torch.Tensor) -> float:
    """Root mean square of a change of normalised images, in grey levels of 255."""
    return float(change.square().mean().sqrt()) * 127.5
