"""Attention rollout for transformers (Abnar and Zuidema 2020)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import nn

from core.explain.base import Attribution, Settings, method
from core.explain.explainable import Explainable
from core.explain.gradcam import upsample
from core.models.base import Classifier


def has_attention(model: Explainable) -> bool:
    """Whether the model is built of multi-head self-attention."""
    return any(isinstance(m, nn.MultiheadAttention) for m in model.module.modules())


@contextlib.contextmanager
def recorded(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Collect every layer's attention weights, (1, tokens, tokens), head-averaged.

    The hooks are removed on every way out; they sit on the caller's private copy.
    """
    kept: list[torch.Tensor] = []

    def ask(layer: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**kwargs, "need_weights": True, "average_attn_weights": True}

    def keep(layer: nn.Module, args: Any, output: tuple[torch.Tensor, torch.Tensor]) -> None:
        kept.append(output[1].detach())

    handles = []
    try:
        for layer in module.modules():
            if isinstance(layer, nn.MultiheadAttention):
                handles.append(layer.register_forward_pre_hook(ask, with_kwargs=True))
                handles.append(layer.register_forward_hook(keep))
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def roll_out(attention: list[torch.Tensor]) -> torch.Tensor:
    """Product over layers of (A + I) / 2, eq. 1 of the paper: (1, tokens, tokens)."""
    identity = torch.eye(attention[0].shape[-1], device=attention[0].device)
    total = identity[None]
    for weights in attention:
        total = ((weights + identity) / 2) @ total
    return total


@method("rollout", "Attention rollout", "Abnar and Zuidema, ACL 2020", has_attention)
def attention_rollout(model: Explainable, x: torch.Tensor, settings: Settings) -> Attribution:
    """What the class token reads of one image (1, C, S, S): not negative, the same for any class.

    The class token must come first, as in torchvision's transformers.
    """
    with torch.no_grad(), recorded(model.module) as attention:
        model(x)
    row = roll_out(attention)[:, :1]  # (1, 1, tokens): what reaches the class token
    grid = cast(Classifier, model.module).cam_grid(row.transpose(1, 2))  # (1, 1, h, w)
    return Attribution(upsample(grid, x.shape[-1]), {"layers": len(attention)})
