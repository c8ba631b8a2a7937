"""GAN dissection: what a layer's units stand for, and what the image loses without them.

Bau et al. 2019 (GAN Dissection): a unit is one channel of a layer. Where its activation map is
high is compared with segments of the image (intersection over union), and turning the unit off
or up shows whether the segment depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from skimage.color import rgb2hed
from skimage.filters import sobel
from torch import nn

from core.explain.organ import mask_of

SIDE = 64  # px that segments are compared at; activation maps are far coarser
QUANTILES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Overlap:
    """How well one unit's high activations match one kind of segment.

    Attributes:
        unit: channel.
        segment: its name.
        iou: on images that the threshold was not chosen on.
        control: the same against segments of other images: what a common layout alone gives.
        quantile: of the unit's activations, above which it counts as high.
    """

    unit: int
    segment: str
    iou: float
    control: float
    quantile: float


@torch.no_grad()
def activations(generator: Any, w: torch.Tensor, layer: str) -> torch.Tensor:
    """Activation maps of a layer's units.

    Args:
        generator: has `unit_layers()`; hold its lock, a hook is attached meanwhile.
        w: (N, layers, w_dim).
        layer: key of `unit_layers()`.

    Returns:
        (N, units, h, w), before the (monotone) activation function.
    """
    kept: list[torch.Tensor] = []
    handle = generator.unit_layers()[layer].register_forward_hook(
        lambda module, inputs, output: kept.append(output)
    )
    try:
        generator.latents(w)
    finally:
        handle.remove()
    return kept[0]


@contextmanager
def scaled_units(module: nn.Module, units: list[int], factor: float) -> Iterator[None]:
    """Multiply the output channels `units` of a layer by `factor` while the block runs.

    Leaky ReLU is homogeneous, so that a factor of 0 or more acts on the activation itself.
    """

    def scale(layer: nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        changed = output.clone()
        changed[:, units] *= factor
        return changed

    handle = module.register_forward_hook(scale)
    try:
        yield
    finally:
        handle.remove()


@torch.no_grad()
def ablate(
    generator: Any,
    w: torch.Tensor,
    layer: str,
    units: list[int],
    factor: float = 0.0,
    seeds: list[int] | None = None,
) -> torch.Tensor:
    """Images with some units turned off (0), left alone (1) or up (above 1), (N, C, S, S).

    Args:
        generator: has `unit_layers()`; hold its lock.
        w: (N, layers, w_dim).
        layer: key of `unit_layers()`.
        units: channels.
        factor: what they are multiplied by, not negative.
        seeds: of the texture, one per image.

    Raises:
        ValueError: a negative factor.
    """
    if factor < 0:
        raise ValueError("A unit can be turned off (0) or up, not below zero.")
    with scaled_units(generator.unit_layers()[layer], units, factor):
        return generator.synthesise(w, seeds)


def segments(pixels: np.ndarray, organ: str = "") -> dict[str, np.ndarray]:
    """Simple segments of images, each (N, S, S) bool.

    The organ and what is outside it (`core.explain.organ`), bright and dark parts (a standard
    deviation from the image's mean), edges (the steepest 15 %), and for colour images nuclei (the
    densest fifth of haematoxylin). They are image processing, no annotation by a reader.

    Args:
        pixels: (N, S, S, C) uint8.
        organ: `Domain.organ`.
    """
    grey = pixels.mean(3)
    mean, spread = grey.mean((1, 2), keepdims=True), grey.std((1, 2), keepdims=True)
    steep = np.stack([sobel(g) for g in grey])
    found = {
        "bright": grey > mean + spread,
        "dark": grey < mean - spread,
        "edges": steep > np.quantile(steep, 0.85, axis=(1, 2), keepdims=True),
    }
    if pixels.shape[3] == 3:
        density = rgb2hed(pixels)[..., 0]
        found["nuclei"] = density > np.quantile(density, 0.8, axis=(1, 2), keepdims=True)
    masks = [mask_of(organ, image) for image in pixels]
    if all(mask is not None for mask in masks):
        inside = np.stack([np.asarray(mask) for mask in masks])
        found[organ], found[f"outside {organ}"] = inside, ~inside
    return found


def overlaps(maps: torch.Tensor, parts: dict[str, np.ndarray]) -> list[Overlap]:
    """The segment that each unit matches best, most striking first.

    Threshold and segment are chosen on the first half of the images and scored on the second.

    Args:
        maps: (N, units, h, w) activations, N of at least 4.
        parts: as `segments` gives, (N, S, S) each.
    """
    names = list(parts)
    masks = torch.from_numpy(np.stack([parts[n] for n in names], 1))  # (N, K, S, S)
    masks = masks[..., :: max(1, masks.shape[-1] // SIDE), :: max(1, masks.shape[-1] // SIDE)]
    half = len(maps) // 2
    fits, helds = (_enlarged(m, masks.shape[-1]) for m in (maps[:half], maps[half : 2 * half]))
    own, held_out = _flat(masks[:half]), _flat(masks[half : 2 * half])
    others = _flat(masks[half : 2 * half].roll(1, 0))
    found = []
    for unit in range(maps.shape[1]):
        fit, held = fits[:, unit].flatten(), helds[:, unit].flatten()
        cuts = torch.quantile(fit[:: max(1, len(fit) // 20_000)], _levels(fit))
        table = _iou(fit[None] > cuts[:, None], own)  # (Q, K)
        q, k = divmod(int(table.argmax()), len(names))
        high = (held > cuts[q])[None]
        scores = float(_iou(high, held_out)[0, k]), float(_iou(high, others)[0, k])
        found.append(Overlap(unit, names[k], *scores, QUANTILES[q]))
    return sorted(found, key=lambda o: -(o.iou - o.control))


def _flat(masks: torch.Tensor) -> torch.Tensor:
    """(N, K, s, s) to (N s s, K) float."""
    return masks.transpose(0, 1).flatten(1).T.float()


def _levels(like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(QUANTILES, dtype=like.dtype)


def _enlarged(maps: torch.Tensor, side: int) -> torch.Tensor:
    """(N, U, h, w) to (N, U, side, side) on the CPU."""
    big = F.interpolate(maps.float(), (side, side), mode="bilinear", align_corners=False)
    return big.cpu()


def _iou(high: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Intersection over union over all images at once: (Q, P) bool and (P, K) to (Q, K)."""
    marked = high.float()
    both = marked @ masks
    either = marked.sum(1, keepdim=True) + masks.sum(0) - both
    return both / either.clamp_min(1)
