"""KernelSHAP over superpixels (Lundberg and Lee 2017): model-agnostic, slow, exact in sum."""

from __future__ import annotations

import threading

import torch
from captum.attr import KernelShap
from skimage.segmentation import slic

from core.explain.base import Attribution, Settings, method, to_map
from core.explain.baselines import mean
from core.explain.explainable import Explainable
from core.explain.gradients import scores
from core.explain.integrated_gradients import relative_gap

_process_wide_generator = threading.Lock()


def superpixels(x: torch.Tensor, count: int) -> torch.Tensor:
    """SLIC segments of an image (1, C, S, S), numbered from 0: (1, 1, S, S) int64."""
    pixels = x[0].permute(1, 2, 0).cpu().numpy()
    grey = pixels.shape[2] == 1
    labels = slic(
        pixels[..., 0] if grey else pixels,
        n_segments=count,
        compactness=0.2,
        sigma=1.0,
        start_label=0,
        channel_axis=None if grey else 2,
        convert2lab=False,
    )
    return torch.as_tensor(labels)[None, None]


@method("kernelshap", "KernelSHAP", "Lundberg and Lee, NeurIPS 2017")
def kernel_shap(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """Explain one image (1, C, S, S): absent superpixels show the mean colour.

    A superpixel's Shapley value is spread evenly over its pixels, so that the map still sums to
    the change of score; the info holds the relative `efficiency_gap`.
    """
    mask = superpixels(x, settings.superpixels).to(x.device)
    start = mean(x, model.preprocessing)
    # Captum draws coalitions from the process-wide generator: one at a time, and put back after.
    with _process_wide_generator, torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(settings.seed)
        values = KernelShap(model).attribute(
            x,
            start,
            feature_mask=mask.expand_as(x),
            n_samples=settings.coalitions,
            perturbations_per_eval=settings.batch,
        )
    sizes = torch.bincount(mask.flatten())[mask] * x.shape[1]
    found = values / sizes
    info = {"superpixels": int(mask.max()) + 1}
    if not settings.check:
        return Attribution(to_map(found), info)
    ends = scores(model, torch.cat([x, start]), settings.batch)
    gap = relative_gap(found, ends[:1] - ends[1:])
    return Attribution(to_map(found), {"efficiency_gap": gap, **info})
