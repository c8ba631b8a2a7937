"""A quicker copy of a model for explaining: folded batch norms, channels last, own attention."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from dataclasses import replace
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.explain.explainable import Explainable, cam_layer
from core.explain.quick_attention import quicken
from core.explain.stem import add_valve

_copies: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()
_guard = threading.Lock()


def prepared(model: Explainable) -> Explainable:
    """The same score on a private, quicker copy of the model.

    The quick copy is made once per model and dropped together with it; each caller gets its own
    structure with the quick copy's weights. Every gradient method runs the model at a hundred
    points, where folded batch norms, channels-last weights and a shared first layer pay off.
    """
    with _guard:
        if model.module not in _copies:
            _copies[model.module] = _prepare(model)
        return replace(model, module=_copies[model.module]).private()


def _prepare(model: Explainable) -> nn.Module:
    fast = copy.deepcopy(model.module).eval().requires_grad_(False)
    for layer in fast.modules():
        if getattr(layer, "inplace", False):
            layer.inplace = False  # type: ignore[assignment]  # nothing may overwrite activations
    quicken(fast)
    kept = cam_layer(fast)
    for parent, conv, norm in list(pairs(fast)):
        before, after = parent.get_submodule(conv), parent.get_submodule(norm)
        if kept is before or kept is after:
            continue  # Grad-CAM reads this very activation
        assert isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d)
        setattr(parent, conv, fuse_conv_bn_eval(before, after).requires_grad_(False))
        setattr(parent, norm, nn.Identity())
    fast = fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    side, channels = model.preprocessing.size, model.preprocessing.channels
    weights = next(fast.parameters(), torch.zeros(()))
    random = torch.Generator().manual_seed(0)
    add_valve(
        replace(model, module=fast),
        torch.randn(2, channels, side, side, generator=random).to(weights.device),
    )
    return fast


def pairs(module: nn.Module) -> Iterator[tuple[nn.Module, str, str]]:
    """(parent, convolution's name, batch norm's name) wherever the norm follows directly.

    Neighbours in an `nn.Sequential`, and convN with bnN or normN of torchvision-like blocks.
    """
    for parent in module.modules():
        children = dict(parent.named_children())
        if isinstance(parent, nn.Sequential):
            candidates = list(zip(children, list(children)[1:]))
        else:
            candidates = [
                (name, name.replace("conv", norm))
                for name in children
                for norm in ("bn", "norm")
                if name.startswith("conv")
            ]
        for conv, norm in candidates:
            after = children.get(norm)
            if isinstance(children[conv], nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                yield parent, conv, norm
