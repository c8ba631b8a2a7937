"""GradientSHAP (Lundberg and Lee 2017; expected gradients, Erion et al. 2021)."""

from __future__ import annotations

import torch

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.baselines import background
from core.explain.explainable import Explainable
from core.explain.gradients import input_gradients, scores
from core.explain.integrated_gradients import relative_gap


def draw(references: torch.Tensor, samples: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Which reference and which point of the path each sample takes.

    Every reference is used equally often, and the positions on its path are stratified, which
    keeps the estimate unbiased and narrows its spread. Own generator: the process-wide ones
    would mix the draws of users who explain at the same time.

    Returns:
        References (n, C, S, S) and positions in (0, 1), (n, 1, 1, 1).
    """
    each = max(1, round(samples / len(references)))
    random = torch.Generator().manual_seed(seed)
    jitter = torch.rand(len(references), each, generator=random)
    positions = (torch.arange(each) + jitter) / each
    chosen = references.repeat_interleave(each, 0)
    return chosen, positions.reshape(-1, 1, 1, 1).to(references)


def expected_gradients(
    model: Explainable, x: torch.Tensor, starts: torch.Tensor, at: torch.Tensor, batch: int
) -> torch.Tensor:
    """Mean of (x - x') dF/dx (x' + a (x - x')) over samples, Erion et al. eq. 3: (1, C, S, S).

    Args:
        model: what to explain.
        x: the image, (1, C, S, S).
        starts: the reference of each sample, (n, C, S, S).
        at: the position on each path, (n, 1, 1, 1).
        batch: samples per pass.
    """
    grads, _ = input_gradients(model, starts + at * (x - starts), batch)
    return (grads * (x - starts)).mean(0, keepdim=True)


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
    starts, at = draw(references, settings.samples, settings.seed)
    found = expected_gradients(model, x, starts, at, settings.batch)
    ends = scores(model, torch.cat([x, references]), settings.batch)
    change = ends[:1] - ends[1:].mean()
    info = {
        "efficiency_gap": relative_gap(found, change),
        "samples": len(starts),
        "references": len(references),
        "change": float(change),
    }
    return Attribution(to_map(found), info)
