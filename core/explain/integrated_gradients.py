"""Integrated Gradients (Sundararajan et al. 2017), with as many steps as completeness needs."""

from __future__ import annotations

import torch
from captum.attr._utils.approximation_methods import approximation_parameters

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.baselines import baselines
from core.explain.explainable import Explainable
from core.explain.gradients import scores
from core.explain.paths import Paths


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


def path_integral(paths: Paths, steps: int) -> torch.Tensor:
    """Eq. 1 of the paper by Gauss-Legendre quadrature: (B, C, S, S), one map per baseline."""
    step_sizes, nodes = approximation_parameters("gausslegendre")
    at, weights = torch.tensor(nodes(steps)), torch.tensor(step_sizes(steps))
    which = torch.arange(len(paths.starts)).repeat_interleave(steps)
    mean = paths.gradients(which, at.repeat(len(paths.starts)), weights.repeat(len(paths.starts)))
    return mean * (paths.x - paths.origins)


@method("ig", "Integrated Gradients", "Sundararajan et al., ICML 2017")
def integrated_gradients(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Explain one image (1, C, S, S); the steps double until the gap is within tolerance.

    Where the steps may be raised, passes in mixed precision are first repeated in float32. The
    info holds `completeness_gap` (relative), the `steps` used, their `precision` and the `change`
    of score between the baseline and the image.
    """
    starts = baselines(settings.baseline, x, model.preprocessing)
    if not settings.check:
        paths = Paths(model, x, starts, settings.batch)
        return _attribution(path_integral(paths, settings.steps), paths, settings.steps)
    ends = scores(model, torch.cat([x, starts]), settings.batch)
    change, steps = ends[0] - ends[1:], settings.steps
    paths = Paths(model, x, starts, settings.batch)
    while True:
        found = path_integral(paths, steps)
        gap = relative_gap(found, change)
        if gap <= settings.tolerance:
            break
        if paths.low and settings.max_steps > settings.steps:
            paths = Paths(model, x, starts, settings.batch, exact=True)
            continue
        if 2 * steps > settings.max_steps:
            break
        steps *= 2
    checked = {"completeness_gap": gap, "change": float(change.mean())}
    return _attribution(found, paths, steps, checked)


def _attribution(
    found: torch.Tensor, paths: Paths, steps: int, checked: dict[str, float] | None = None
) -> Attribution:
    info = {"steps": steps, "precision": paths.precision, **(checked or {})}
    return Attribution(to_map(found.mean(0, keepdim=True)), info)
