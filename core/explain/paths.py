"""Gradients along straight paths to an image: what Integrated Gradients and SHAP have in common."""

from __future__ import annotations

from contextlib import nullcontext

import torch

from core.device import mixed
from core.explain.explainable import Explainable
from core.explain.stem import Stem

ALIKE = 0.98  # correlation of gradients at two points; the mean over a path then keeps 0.99
_PROBES = 2
_MARK = "rounding_is_harmless"


class Paths:
    """Straight paths from some starts to one image, behind the model's first layer.

    Where the hardware gains from bfloat16 and the model's gradients hardly change by it, the
    passes run in mixed precision (`mark` has found out). Networks whose pooling meets ties once
    activations are rounded (some small CNNs) keep float32.

    Args:
        model: what is explained.
        x: the image, (1, C, S, S).
        starts: (R, C, S, S).
        batch: points per pass at most.
        exact: always float32.
    """

    def __init__(
        self,
        model: Explainable,
        x: torch.Tensor,
        starts: torch.Tensor,
        batch: int,
        exact: bool = False,
    ) -> None:
        self.x, self.origins, self.stem = x, starts, Stem(model)
        with torch.no_grad():
            self.end, self.starts = self.stem.into(x), self.stem.into(starts)
        self.size = self.stem.batch(self.end, batch)
        self.low = not exact and bool(getattr(model.module, _MARK, False))

    @property
    def precision(self) -> str:
        """Of the passes: "bfloat16" or "float32"."""
        return "bfloat16" if self.low else "float32"

    def gradients(
        self, which: torch.Tensor, at: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Weighted sum of the score's gradients at points of each path, (R, C, S, S).

        Args:
            which: each point's start, (n,) int64.
            at: each point's position, (n,): 0 is the start, 1 the image.
            weights: each point's, (n,).
        """
        device = self.x.device
        which, at, weights = which.to(device), at.to(self.x), weights.to(self.x)
        total = torch.zeros_like(self.starts)
        for k, a, w in zip(*(part.split(self.size) for part in (which, at, weights))):
            inner = torch.lerp(self.starts[k], self.end, a.reshape(-1, 1, 1, 1))
            with mixed(device) if self.low else nullcontext():
                total.index_add_(0, k, self.stem.gradients(inner, self.x, w))
        return self.stem.back(total, self.x)


def mark(model: Explainable, images: torch.Tensor, starts: torch.Tensor) -> None:
    """Note on a module whether bfloat16 hardly changes its gradients at points of some paths.

    Decided once per model on fixed paths, so that no result depends on what came before it.

    Args:
        model: the module is marked; copies of it keep the mark.
        images: where the paths end, (N, C, S, S).
        starts: where they begin, (N, C, S, S).
    """
    with mixed(images.device):
        gains = torch.is_autocast_enabled(images.device.type)
    alike = gains and all(_alike(model, *ends) for ends in zip(images.split(1), starts.split(1)))
    setattr(model.module, _MARK, alike)


def _alike(model: Explainable, x: torch.Tensor, start: torch.Tensor) -> bool:
    paths = Paths(model, x, start, _PROBES, exact=True)
    at = (torch.arange(_PROBES) + 1) / (_PROBES + 1)
    which, weights = torch.zeros_like(at, dtype=torch.int64), torch.ones_like(at)
    found = []
    for paths.low in (False, True):
        found.append(paths.gradients(which, at, weights).flatten())
    return bool(torch.corrcoef(torch.stack(found))[0, 1] >= ALIKE)
