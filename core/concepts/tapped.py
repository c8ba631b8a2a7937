"""A model whose layers can be read and differentiated as short vectors, by Captum or by anyone."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from captum.attr import LayerActivation, LayerGradientXActivation
from torch import nn

from core.concepts.grid import Grid
from core.concepts.layers import concept_layers
from core.explain.explainable import Explainable, ExplainError

BATCH = 32


class Tapped(nn.Module):
    """Log-odds of every output, with a tap at each concept layer.

    A tap is an identity that the layer's `Grid` vector p passes; the layer's output becomes
    a + spread(tap(p)) - spread(p), which is a itself. What is read at the tap is p, and the
    gradient there is that of moving a along the vectors of the grid.

    The score is log p(k) - log(1 - p(k)), the logit for two classes: what a concept "pushes
    towards" must not hang on a shift that all logits share.

    Args:
        model: what to explain; works on a private copy of its structure.
        only: display name of the one layer to tap, None for all.

    Raises:
        ExplainError: no such layer, or none at all.
    """

    def __init__(self, model: Explainable, only: str | None = None) -> None:
        super().__init__()
        self.model = model.private()
        self.inner = self.model.module
        for part in self.inner.modules():
            if getattr(part, "inplace", False):
                part.inplace = False  # type: ignore[assignment]  # nothing may overwrite a tap
        layers = concept_layers(self.inner)
        if only is not None and only not in layers:
            raise ExplainError(f"The model has no layer '{only}'; choose {', '.join(layers)}.")
        layers = {k: v for k, v in layers.items() if only in (None, k)}
        self.names = list(layers)
        self.taps = nn.ModuleList([nn.Identity() for _ in layers])
        self.grids: list[Grid] = []
        self._measure(list(layers.values()))
        for layer, tap, grid in zip(layers.values(), self.taps, self.grids):
            layer.register_forward_hook(partial(_pass, tap, grid))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) normalised to log-odds (N, K)."""
        logits = self.model.outputs(self.inner, x)
        if logits.shape[1] == 1:
            return logits
        others = [logits[:, [j for j in range(logits.shape[1]) if j != k]] for k in
                  range(logits.shape[1])]  # fmt: skip
        return logits - torch.stack([o.logsumexp(1) for o in others], 1)

    def activations(self, x: torch.Tensor) -> list[torch.Tensor]:
        """(N, C, S, S) to one (N, size) per layer, on the CPU."""
        read = LayerActivation(self, list(self.taps))
        with torch.no_grad():
            rows = [read.attribute(part) for part in x.split(BATCH)]
        return [torch.cat([row[i].float().cpu() for row in rows]) for i in range(len(self.taps))]

    def gradients(self, x: torch.Tensor, target: int) -> list[torch.Tensor]:
        """Gradient of one output's log-odds at each layer, one (N, size) per layer, on the CPU."""
        found = []
        for tap in self.taps:
            read = LayerGradientXActivation(self, tap, multiply_by_inputs=False)
            parts = [read.attribute(part, target=target) for part in x.split(BATCH)]
            found.append(torch.cat([p.detach().float().cpu() for p in parts]))
        return found

    def _measure(self, layers: list[nn.Module]) -> None:
        """Learn the layers' shapes from one blank image."""
        shapes: dict[int, tuple[int, ...]] = {}
        handles = [
            layer.register_forward_hook(
                lambda module, given, out, i=i: shapes.__setitem__(i, tuple(out.shape[1:]))
            )
            for i, layer in enumerate(layers)
        ]
        recipe = self.model.preprocessing
        device = next(self.inner.parameters(), torch.zeros(())).device
        blank = torch.zeros(1, recipe.channels, recipe.size, recipe.size, device=device)
        with torch.no_grad():
            self.model.outputs(self.inner, blank)
        for handle in handles:
            handle.remove()
        self.grids = [Grid(shapes[i]) for i in range(len(layers))]


def _pass(tap: nn.Module, grid: Grid, module: nn.Module, given: Any, out: Any) -> Any:
    vector = grid.pool(out)
    # a copy at the tap: of one and the same tensor the two gradients would cancel
    return out + (grid.spread(tap(vector.clone())) - grid.spread(vector))
