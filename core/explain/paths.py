"""Gradients along straight paths to an image: what Integrated Gradients and SHAP have in common."""

from __future__ import annotations

from contextlib import nullcontext

import torch

from core.device import mixed
from core.explain.explainable import Explainable
from core.explain.stem import Stem

ALIKE = 0.99  # correlation with float32's gradient from which bfloat16's may stand in for it
_PROBES = 2


class Paths:
    """Straight paths from some starts to one image, behind the model's first layer.

    Where the hardware gains from bfloat16 and this model's gradients hardly change by it, the
    passes run in mixed precision: a probe of two points decides for each image anew. Networks
    whose pooling meets ties once activations are rounded (small CNNs) keep float32.

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
        self.low = not exact and self._alike()

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
            total.index_add_(0, k, self._weighted(k, a, w, self.low))
        return self.stem.back(total, self.x)

    def _weighted(
        self, which: torch.Tensor, at: torch.Tensor, weights: torch.Tensor, low: bool
    ) -> torch.Tensor:
        inner = torch.lerp(self.starts[which], self.end, at.reshape(-1, 1, 1, 1))
        with mixed(self.x.device) if low else nullcontext():
            return self.stem.gradients(inner, self.x, weights)

    def _alike(self) -> bool:
        with mixed(self.x.device):
            if not torch.is_autocast_enabled(self.x.device.type):
                return False
        at = torch.linspace(0, 1, _PROBES + 2, device=self.x.device)[1:-1]
        which, weights = torch.zeros_like(at, dtype=torch.int64), torch.ones_like(at)
        full, rough = (
            self.stem.back(self._weighted(which, at, weights, low).sum(0, keepdim=True), self.x)
            for low in (False, True)
        )
        pair = torch.stack([full.flatten(), rough.flatten()])
        return bool(torch.corrcoef(pair)[0, 1] >= ALIKE)
