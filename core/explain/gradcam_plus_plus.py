"""Grad-CAM++ (Chattopadhay et al. 2018)."""

from __future__ import annotations

import torch

from core.explain.base import Attribution, Settings, method
from core.explain.explainable import Explainable
from core.explain.gradcam import has_layer, layer_and_gradient, upsample


def suits(model: Explainable) -> bool:
    """Its weights assume activations that do not turn negative as a critic's leaky ones do."""
    return has_layer(model) and not model.separate


@method("gradcam++", "Grad-CAM++", "Chattopadhay et al., WACV 2018", suits)
def gradcam_plus_plus(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Explain one image (1, C, S, S); only positive gradients count, as in the paper."""
    activation, gradient = layer_and_gradient(model, x)
    total = activation.sum((2, 3), keepdim=True)
    # Eq. 19, with the exponential score whose derivatives are powers of the gradient.
    below = 2 * gradient**2 + total * gradient**3
    alpha = gradient**2 / torch.where(below.abs() > 1e-12, below, torch.ones_like(below))
    weights = (alpha * gradient.relu()).sum((2, 3), keepdim=True)  # eq. 13
    grid = (weights * activation).sum(1, keepdim=True)
    return Attribution(upsample(grid, x.shape[-1]), {"grid": list(grid.shape[2:])})
