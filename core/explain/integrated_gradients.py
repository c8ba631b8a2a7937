"""Integrated Gradients (Sundararajan et al. 2017), with as many steps as completeness needs."""

from __future__ import annotations

import torch
from captum.attr import IntegratedGradients

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.baselines import baselines
from core.explain.explainable import Explainable
from core.explain.gradients import scores
from core.explain.stem import Stem


def relative_gap(attribution: torch.Tensor, change: torch.Tensor) -> float:
    """How far a map's sum is from the change of score, relative to that change.

    Where the image and its baseline score alike the change says nothing of the map's size; a
    twentieth of the map's absolute sum is then the measure.

    Args:
        attribution: (B, C, S, S), averaged over B.
        change: F(x) - F(baseline), (B,).
    """
    mean = attribution.mean(0)
    size = torch.maximum(change.mean().abs(), mean.abs().sum() / 20).clamp_min(1e-9)
    return float((mean.sum() - change.mean()).abs() / size)


def path_integral(
    model: Explainable, x: torch.Tensor, starts: torch.Tensor, steps: int, batch: int
) -> torch.Tensor:
    """Eq. 1 of the paper by Gauss-Legendre quadrature: (B, C, S, S), one map per baseline.

    The integral is taken behind the first layer and brought back to the image at its end.
    """
    stem = Stem(model)
    with torch.no_grad():
        inner, outset = stem.into(x), stem.into(starts)
    engine = IntegratedGradients(lambda a: stem.score(a, x), multiply_by_inputs=False)
    # Captum's own gradient function unbinds the scores one by one; their sum has the same gradient.
    engine.gradient_func = lambda forward_fn, inputs, **_: (stem.gradients(inputs[0], x),)
    size = max(stem.batch(inner, batch), len(starts))
    mean = engine.attribute(
        inner.expand_as(outset), outset, n_steps=steps, internal_batch_size=size
    )
    return stem.back(mean.detach(), x) * (x - starts)


@method("ig", "Integrated Gradients", "Sundararajan et al., ICML 2017")
def integrated_gradients(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Explain one image (1, C, S, S); the steps double until the gap is within tolerance.

    The info holds `completeness_gap` (relative), the `steps` used and the `change` of score
    between the baseline and the image.
    """
    starts = baselines(settings.baseline, x, model.preprocessing)
    ends = scores(model, torch.cat([x, starts]), settings.batch)
    change, steps = ends[0] - ends[1:], settings.steps
    while True:
        found = path_integral(model, x, starts, steps, settings.batch)
        gap = relative_gap(found, change)
        if gap <= settings.tolerance or 2 * steps > settings.max_steps:
            break
        steps *= 2
    info = {"completeness_gap": gap, "steps": steps, "change": float(change.mean())}
    return Attribution(to_map(found.mean(0, keepdim=True)), info)
