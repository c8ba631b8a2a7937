"""Max-sensitivity (Yeh et al. 2019) by Captum."""

from __future__ import annotations

from collections.abc import Callable

import torch


def max_sensitivity(
    explain: Callable[[torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    radius: float,
    count: int,
    seed: int,
) -> float:
    """Largest relative change of the map when the image moves by uniform noise (eq. 5).

    Args:
        explain: (N, C, S, S) images to maps (N, S, S).
        x: the image, (1, C, S, S).
        radius: largest change of a pixel, normalised units.
        count: noisy copies.
        seed: of the noise.

    Returns:
        At least 0; 1 means that some change was as large as the map itself.
    """
    from captum.metrics import sensitivity_max  # a second to import

    random = torch.Generator().manual_seed(seed)

    def move(images: torch.Tensor) -> torch.Tensor:
        noise = 2 * torch.rand(images.shape, generator=random) - 1
        return images + radius * noise.to(images)

    def explanation(images: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        return (explain(images[0] if isinstance(images, tuple) else images),)

    return float(sensitivity_max(explanation, x, move, n_perturb_samples=count))
