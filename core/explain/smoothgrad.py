"""SmoothGrad (Smilkov et al. 2017)."""

from __future__ import annotations

import torch

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.explainable import Explainable
from core.explain.gradients import input_gradients


@method("smoothgrad", "SmoothGrad", "Smilkov et al., 2017")
def smoothgrad(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Mean gradient over noisy copies of one image (1, C, S, S); the sign is kept.

    Noise comes in pairs of opposite sign, whose odd errors cancel.
    """
    random = torch.Generator().manual_seed(settings.seed)
    half = torch.randn((settings.samples + 1) // 2, *x.shape[1:], generator=random).to(x)
    noise = settings.noise * torch.cat([half, -half])
    grads, _ = input_gradients(model, x + noise, settings.batch)
    return Attribution(to_map(grads.mean(0, keepdim=True)), {"samples": len(noise)})
