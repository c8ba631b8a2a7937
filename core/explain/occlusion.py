"""Occlusion (Zeiler and Fergus 2014)."""

from __future__ import annotations

import torch
from captum.attr import Occlusion

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.baselines import mean
from core.explain.explainable import Explainable


@method("occlusion", "Occlusion", "Zeiler and Fergus, ECCV 2014")
def occlusion(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Drop of the score of one image (1, C, S, S) as a window of mean colour slides over it.

    Windows overlap by half; a pixel's value is the mean drop over the windows that cover it.
    """
    side = max(2, round(settings.window * x.shape[-1]))
    stride = max(1, side // 2)
    with torch.no_grad():
        found = Occlusion(model).attribute(
            x,
            sliding_window_shapes=(x.shape[1], side, side),
            strides=(x.shape[1], stride, stride),
            baselines=mean(x, model.preprocessing),
            perturbations_per_eval=settings.batch,
        )
    # The drop belongs to all channels of a window at once.
    return Attribution(to_map(found / x.shape[1]), {"window": side, "stride": stride})
