"""Exponential moving average of a module's weights."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


class Ema(Generic[Module]):
    """Keeps a smoothed copy of a module; `module` is the copy, in evaluation mode.

    Args:
        source: the module being trained.
        decay: share of the old average kept per step, reached after a warm-up.
    """

    def __init__(self, source: Module, decay: float) -> None:
        self.module = copy.deepcopy(source).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, source: nn.Module, step: int) -> None:
        """Move the average towards `source`; early steps weigh more (1 - 10 / step)."""
        decay = min(self.decay, 1 - 10 / (10 + step))
        mine: list[torch.Tensor] = list(self.module.parameters())
        theirs: list[torch.Tensor] = list(source.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - decay)  # one kernel for all, where the device can
        for kept, current in zip(self.module.buffers(), source.buffers()):
            kept.copy_(current)
