"""Grad-CAM (Selvaraju et al. 2017), for grids and for tokens, with its sign."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from captum._utils.gradient import compute_layer_gradients_and_eval
from captum.attr import LayerAttribution

from core.explain.base import Attribution, Settings, method
from core.explain.explainable import Explainable, cam_layer
from core.models.base import Classifier


def has_layer(model: Explainable) -> bool:
    """Whether the model names a layer for Grad-CAM to weigh."""
    return cam_layer(model.module) is not None


def layer_and_gradient(model: Explainable, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Activations of the CAM layer and the score's gradient there, both (1, C, h, w).

    Tokens are laid out as a grid by the model's own `cam_grid`. Captum attaches the hook and
    removes it on every way out; it sits on the caller's private copy.
    """
    module = cast(Classifier, model.module)
    with torch.enable_grad():
        gradients, activations = compute_layer_gradients_and_eval(model, module.cam_layer(), x)
    return module.cam_grid(activations[0]).detach(), module.cam_grid(gradients[0]).detach()


def upsample(grid: torch.Tensor, side: int) -> np.ndarray:
    """A coarse map (1, 1, h, w) to (side, side) float32, bilinearly."""
    large = LayerAttribution.interpolate(grid, (side, side), interpolate_mode="bilinear")
    return large[0, 0].float().cpu().numpy()


@method("gradcam", "Grad-CAM", "Selvaraju et al., ICCV 2017", has_layer)
def gradcam(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Explain one image (1, C, S, S).

    The paper's final ReLU is left out, so that evidence against the class stays visible; its
    map is the positive part of this one.
    """
    activation, gradient = layer_and_gradient(model, x)
    weights = gradient.mean((2, 3), keepdim=True)  # eq. 1
    grid = (weights * activation).sum(1, keepdim=True)  # eq. 2, before the ReLU
    return Attribution(upsample(grid, x.shape[-1]), {"grid": list(grid.shape[2:])})
