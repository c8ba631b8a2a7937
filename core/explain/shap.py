"""GradientSHAP (Lundberg and Lee 2017; expected gradients, Erion et al. 2021)."""

from __future__ import annotations

import torch

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.baselines import background
from core.explain.explainable import Explainable
from core.explain.gradients import scores
from core.explain.integrated_gradients import relative_gap
from core.explain.paths import Paths


def draw(references: int, samples: int, seed: int) -> torch.Tensor:
    """Positions in (0, 1) on the path from each reference, (references, samples of each).

    Every reference is used equally often, and the positions on its path are stratified, which
    keeps the estimate unbiased and narrows its spread. Own generator: the process-wide ones
    would mix the draws of users who explain at the same time.
    """
    each = max(1, round(samples / references))
    random = torch.Generator().manual_seed(seed)
    return (torch.arange(each) + torch.rand(references, each, generator=random)) / each


def expected_gradients(
    model: Explainable,
    x: torch.Tensor,
    references: torch.Tensor,
    which: torch.Tensor,
    at: torch.Tensor,
    batch: int,
    exact: bool = False,
) -> tuple[torch.Tensor, str]:
    """Mean of (x - x') dF/dx (x' + a (x - x')) over samples, Erion et al. eq. 3, (1, C, S, S).

    Args:
        model: what to explain.
        x: the image, (1, C, S, S).
        references: (R, C, S, S).
        which: each sample's reference, (n,) int64.
        at: each sample's position on its path, (n,).
        batch: samples per pass.
        exact: never in mixed precision.

    Returns:
        The map, and the precision of the passes.
    """
    paths = Paths(model, x, references, batch, exact)
    weights = torch.full(which.shape, 1 / len(which))
    grads = paths.gradients(which, at, weights)
    return (grads * (x - references)).sum(0, keepdim=True), paths.precision


@method("shap", "GradientSHAP", "Lundberg and Lee, NeurIPS 2017; Erion et al., Nat. MI 2021")
def gradient_shap(
    model: Explainable,
    x: torch.Tensor,
    settings: Settings,
    references: torch.Tensor | None = None,
) -> Attribution:
    """Explain one image (1, C, S, S) against a set of references (R, C, S, S).

    The info holds `efficiency_gap` (relative): how far the map's sum is from the image's score
    less the references' mean score.
    """
    if references is None:
        references = background(x, model.preprocessing)
    at = draw(len(references), settings.samples, settings.seed)
    which = torch.arange(len(references)).repeat_interleave(at.shape[1])
    found, precision = expected_gradients(model, x, references, which, at.flatten(), settings.batch)
    info = {"precision": precision, "samples": at.numel(), "references": len(references)}
    if settings.check:
        ends = scores(model, torch.cat([x, references]), settings.batch)
        change = ends[:1] - ends[1:].mean()
        info |= {"efficiency_gap": relative_gap(found, change), "change": float(change)}
    return Attribution(to_map(found), info)
