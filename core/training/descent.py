"""One step of an optimiser with clipped gradients."""

from __future__ import annotations

import torch
from torch import nn


def descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor, module: nn.Module) -> None:
    """Step down a scalar loss; the norm of the module's gradients is clipped to 1."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimiser.step()
