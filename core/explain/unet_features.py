"""What a diffusion network looks at over time: mean magnitude of its feature maps per step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from core import domains
from core.explain.explainable import ExplainError, with_shared_weights
from core.models.base import Generator
from core.registry import Registry
from core.services.queue import turn


def feature_maps(
    generator: Generator, label: int, seed: int, steps: int = 6
) -> dict[str, list[np.ndarray]]:
    """Feature magnitude of every level of a diffusion UNet at every evaluation of one sample.

    Args:
        generator: private to the caller, with a `unet` of diffusers; hooks are attached, and
            removed on every way out.
        label: class id.
        seed: of the sample.
        steps: sampling steps.

    Returns:
        Level ("down 0" ... "middle" ... "up 0" ...) to one (h, w) float32 map per evaluation of
        the network, in the order of sampling, from noise to image.

    Raises:
        ExplainError: the generator is no UNet.
    """
    unet = getattr(generator, "unet", None)
    if unet is None:
        raise ExplainError("This generator is no diffusion UNet: it has no feature maps over time.")
    found: dict[str, list[np.ndarray]] = {}
    levels = {f"down {i}": block for i, block in enumerate(unet.down_blocks)}
    levels |= {"middle": unet.mid_block}
    levels |= {f"up {i}": block for i, block in enumerate(unet.up_blocks)}
    handles = []
    try:
        for name, block in levels.items():
            found[name] = []
            handles.append(block.register_forward_hook(_recorder(found[name])))
        generator.sample(torch.tensor([label]), [seed], steps=float(steps))
    finally:
        for handle in handles:
            handle.remove()
    return found


def _recorder(into: list[np.ndarray]) -> Any:
    def record(block: nn.Module, args: Any, output: Any) -> None:
        features = output[0] if isinstance(output, tuple) else output
        # With guidance the batch is (with class, without): the first one follows the class.
        into.append(features[0].detach().abs().mean(0).float().cpu().numpy())

    return record


def explain_over_time(
    registry: Registry, model: str, label: str, seed: int, steps: int = 6
) -> dict[str, list[np.ndarray]]:
    """`feature_maps` of a checkpoint for a class by its id, on a private copy of its structure.

    Raises:
        ExplainError: the generator is no UNet.
        KeyError: no such class.
    """
    with registry.locked(model) as loaded:
        generator = with_shared_weights(loaded.module)
    assert isinstance(generator, Generator)
    card = registry.card(model)
    class_id = domains.get(card.domain).members(label)[0]
    with turn():
        return feature_maps(generator, card.classes.index(class_id), seed, steps)
