"""Images without evidence, which path methods start from and metrics delete towards."""

from __future__ import annotations

from collections.abc import Callable

import torch

from core.explain.explainable import ExplainError
from core.preprocessing import Preprocessing


def black(x: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """An image of zeros before normalisation, shaped like x (1, C, S, S)."""
    return torch.full_like(x, -preprocessing.mean / preprocessing.std)


def mean(x: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """The image's own mean colour everywhere."""
    return x.mean((2, 3), keepdim=True).expand_as(x).clone()


def blur(x: torch.Tensor, share: float) -> torch.Tensor:
    """Gaussian blur with a standard deviation of `share` of the image's side."""
    from torchvision.transforms.functional import gaussian_blur  # seconds to import

    sigma = share * x.shape[-1]
    side = min(2 * round(2 * sigma) + 1, 2 * (x.shape[-1] // 2) - 1)
    return gaussian_blur(x, [side, side], [sigma, sigma])


def blurred(x: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """The image blurred until no detail is left (sigma = an eighth of its side)."""
    return blur(x, 1 / 8)


BASELINES: dict[str, Callable[[torch.Tensor, Preprocessing], torch.Tensor]] = {
    "black": black,
    "blurred": blurred,
    "mean": mean,
}


def baselines(name: str, x: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """One baseline by name, or all of them for "averaged": (B, C, S, S).

    Raises:
        ExplainError: no such baseline.
    """
    chosen = list(BASELINES) if name == "averaged" else [name]
    if chosen[0] not in BASELINES:
        known = ", ".join((*BASELINES, "averaged"))
        raise ExplainError(f"There is no baseline '{name}'; choose from: {known}.")
    return torch.cat([BASELINES[key](x, preprocessing) for key in chosen])


def background(x: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """SHAP's reference set when none is given: black, mean and three blurs, (5, C, S, S)."""
    blurs = [blur(x, 1 / parts) for parts in (32, 16, 8)]
    return torch.cat([black(x, preprocessing), mean(x, preprocessing), *blurs])
