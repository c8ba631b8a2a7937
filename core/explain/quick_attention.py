"""Self-attention written for gradients at many points: the same numbers in less time on a CPU.

PyTorch's multi-head attention hands queries, keys and values on as slices, whose gradients are
zero-filled copies, and its fused CPU kernel is made for long sequences, not for 65 tokens.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class QuickAttention(nn.MultiheadAttention):
    """`nn.MultiheadAttention` over (N, tokens, dim), with a quicker way where no weights are asked.

    Made from a plain one by setting its class.
    """

    def forward(self, query: torch.Tensor, *rest: Any, **options: Any) -> tuple[Any, Any]:
        """As the base class; self-attention without weights, mask or dropout is quick."""
        if not _plain(query, rest, options):
            return super().forward(query, *rest, **options)
        width = query.shape[-1] // self.num_heads
        mixed = F.linear(query, self.in_proj_weight, self.in_proj_bias)
        heads = mixed.unflatten(2, (3, self.num_heads, width)).permute(2, 0, 3, 1, 4)
        q, k, v = heads.unbind(0)  # (N, heads, tokens, width) each
        out = (q * width**-0.5 @ k.transpose(-1, -2)).softmax(-1) @ v
        return self.out_proj(out.transpose(1, 2).flatten(2)), None


def _plain(query: torch.Tensor, rest: tuple[Any, ...], options: dict[str, Any]) -> bool:
    same = len(rest) == 2 and rest[0] is query and rest[1] is query
    return same and options == {"need_weights": False}


def quicken(module: nn.Module) -> None:
    """Turn every plain self-attention of a module in evaluation into a `QuickAttention`."""
    for layer in module.modules():
        if type(layer) is not nn.MultiheadAttention or layer.in_proj_weight is None:
            continue
        if layer.batch_first and layer.bias_k is None and not layer.add_zero_attn:
            layer.__class__ = QuickAttention
