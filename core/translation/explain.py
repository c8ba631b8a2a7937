"""Why a translation looks as it does: what the critic looks at, and which input made a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from core.models.translation.cyclegan import CycleGan
from core.registry import Loaded
from core.translation.apply import to_tensor

SMOOTH = 1 / 128  # of the side: single pixels of a gradient cannot be read


@dataclass(frozen=True)
class Critique:
    """What a critic thinks of one translation.

    Attributes:
        cam: (S, S) float32, signed Grad-CAM of the mean patch score: positive where the picture
            looks real to the critic, negative where it looks translated.
        scores: (s, s) float32, the patch scores: 1 real, 0 translated.
        mean: their mean.
    """

    cam: np.ndarray
    scores: np.ndarray
    mean: float


@dataclass(frozen=True)
class Saliency:
    """Which input pixels a region of the output depends on.

    Attributes:
        values: (S, S) float32, absolute gradient, smoothed, scaled to a largest value of 1.
        inside: share of it within the region's own place in the input.
        area: the region's share of the picture: what `inside` would be by chance.
    """

    values: np.ndarray
    inside: float
    area: float


def critique(loaded: Loaded, output: np.ndarray, direction: str) -> Critique:
    """Grad-CAM on the critic (Selvaraju et al. 2017, eq. 1 and 2, sign kept).

    Args:
        loaded: a translator; its lock is held meanwhile.
        output: (S, S) uint8, a translation or a real slice of the target's kind.
        direction: "mri_to_ct" or "ct_to_mri".
    """
    critic = cast(CycleGan, loaded.module).critic(direction)
    with loaded.lock, torch.enable_grad():
        features = critic.features(to_tensor(output[None], loaded.device)).detach()
        features.requires_grad_(True)
        scores = critic.score(features)
        (slope,) = torch.autograd.grad(scores.mean(), features)
    weights = slope.mean((2, 3), keepdim=True)
    cam = (weights * features.detach()).sum(1, keepdim=True)
    cam = F.interpolate(cam, output.shape, mode="bilinear", align_corners=False)[0, 0]
    top = float(cam.abs().max()) or 1.0
    patches = scores.detach()[0, 0].cpu().numpy()
    return Critique((cam / top).cpu().numpy(), patches, float(patches.mean()))


def saliency(
    loaded: Loaded, source: np.ndarray, direction: str, box: tuple[int, int, int, int]
) -> Saliency:
    """Gradient of a region's mean grey level by the input (Simonyan et al. 2014, sec. 3).

    Args:
        loaded: a translator; its lock is held meanwhile.
        source: (S, S) uint8, a prepared slice.
        direction: "mri_to_ct" or "ct_to_mri".
        box: left, top, right, bottom of the region of the output, in pixels.

    Raises:
        ValueError: the box is empty or leaves the picture.
    """
    left, top, right, bottom = box
    side = len(source)
    if not (0 <= left < right <= side and 0 <= top < bottom <= side):
        raise ValueError(f"The region {box} is empty or leaves the {side} px picture.")
    generator = cast(CycleGan, loaded.module).generator(direction)
    x = to_tensor(source[None], loaded.device).requires_grad_(True)
    with loaded.lock, torch.enable_grad():
        region = generator(x)[0, 0, top:bottom, left:right]
        (slope,) = torch.autograd.grad(region.mean(), x)
    values = ndimage.gaussian_filter(slope[0, 0].abs().cpu().numpy(), side * SMOOTH)
    total = float(values.sum()) or 1.0
    inside = float(values[top:bottom, left:right].sum()) / total
    area = (right - left) * (bottom - top) / side**2
    return Saliency(values / (float(values.max()) or 1.0), inside, area)
