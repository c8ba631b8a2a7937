"""A quicker copy of a model for explaining: folded batch norms, channels last, own attention."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from dataclasses import replace
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from core.explain.baselines import black
from core.explain.explainable import Explainable, cam_layer
from core.explain.paths import mark
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
    quick, probes = replace(model, module=fast), _probes(model)
    add_valve(quick, probes)
    mark(quick, probes, black(probes, model.preprocessing))
    return fast


def _probes(model: Explainable) -> torch.Tensor:
    """Two made-up images to try a model on: structure under little or more noise, (2, C, S, S)."""
    side, channels = model.preprocessing.size, model.preprocessing.channels
    weights = next(model.module.parameters(), torch.zeros(()))
    random = torch.Generator().manual_seed(0)
    coarse = torch.randn(2, channels, 8, 8, generator=random)
    fine = torch.tensor([0.02, 0.1]).reshape(2, 1, 1, 1) * torch.randn(
        2, channels, side, side, generator=random
    )
    return (0.5 * F.interpolate(coarse, (side, side), mode="bilinear") + fine).to(weights)


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
