"""From an uploaded image to a w that reproduces it: the encoder's guess, then optimisation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from core.models.base import Progress
from core.models.gan.stylegan2 import StyleGAN2


@dataclass(frozen=True)
class Inversion:
    """A reconstruction and how good it is.

    Attributes:
        w: (1, layers, w_dim).
        image: (1, C, S, S), drawn from w.
        error: mean absolute difference to the upload in grey levels of 0 to 1.
        start_error: the same for the encoder's guess (or the mean w) alone.
    """

    w: torch.Tensor
    image: torch.Tensor
    error: float
    start_error: float

    @property
    def note(self) -> str:
        """One honest sentence for the page."""
        return (
            f"The reconstruction differs from the upload by {self.error:.1%} of the grey range on "
            "average; edits act on the reconstruction, not on the upload."
        )


def invert(
    generator: StyleGAN2,
    image: torch.Tensor,
    label: int,
    steps: int = 100,
    rate: float = 0.05,
    stay: float = 0.02,
    progress: Progress | None = None,
) -> Inversion:
    """Find w for an image by gradient descent from the encoder's guess.

    Abdal et al. 2019 (one w per layer), started by the encoder as in Zhu et al. 2020. The loss
    is taken in the space the network draws in, so that no decoder is differentiated; `stay`
    keeps w near the start, where edits still mean something (Tov et al. 2021).

    Args:
        generator: with or without encoder; without, the class's mean w is the start.
        image: normalised, (1, C, S, S).
        label: class id.
        steps: of Adam; 0 gives the start itself.
        rate: learning rate.
        stay: weight of the squared distance from the start.
        progress: told the share done; raises `CancelledError` to stop.
    """
    labels = torch.tensor([label], device=image.device)
    with torch.no_grad():
        target = generator.to_grid(image)
        start = _start(generator, image, labels)
    w = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([w], rate)
    for step in range(steps):
        with torch.enable_grad():
            away = (w - start).square().mean()
            loss = F.mse_loss(generator.latents(w), target) + stay * away
            (w.grad,) = torch.autograd.grad(loss, w)
        optimiser.step()
        if progress:
            progress((step + 1) / steps, None)
    with torch.no_grad():
        drawn = generator.synthesise(torch.cat([start, w.detach()]))
    errors = (drawn - image).abs().mean((1, 2, 3)) / 2  # the normalised range is 2 wide
    return Inversion(w.detach(), drawn[1:], float(errors[1]), float(errors[0]))


@torch.no_grad()
def _start(generator: StyleGAN2, image: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    if generator.encoder is not None:
        return generator.embed(image, labels).clone()
    mean = generator.w_mean[labels]
    return mean[:, None].repeat(1, generator.num_layers, 1)
