"""Run a translator on prepared slices."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch

from core.device import mixed
from core.models.translation.cyclegan import CycleGan
from core.registry import Loaded


def to_tensor(pixels: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, S, S) uint8 to (N, 1, S, S) float32 in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(device)[:, None].float() / 127.5 - 1


def to_pixels(x: torch.Tensor) -> np.ndarray:
    """(N, 1, S, S) in [-1, 1] to (N, S, S) uint8."""
    unit = (x.detach().float()[:, 0].clamp(-1, 1) + 1) / 2
    return (unit * 255).round().to(torch.uint8).cpu().numpy()


def translate_slices(
    loaded: Loaded, pixels: np.ndarray, direction: str, batch: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Translate prepared slices and back again.

    Args:
        loaded: a translator.
        pixels: (N, S, S) uint8, from `core.translation.head.prepare`.
        direction: "mri_to_ct" or "ct_to_mri".
        batch: slices at a time.

    Returns:
        The translations and their translations back, (N, S, S) uint8 each.
    """
    model = cast(CycleGan, loaded.module)
    there, back = model.generator(direction), model.back(direction)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for start in range(0, len(pixels), batch):
        with torch.inference_mode(), mixed(loaded.device):
            out = there(to_tensor(pixels[start : start + batch], loaded.device))
            found.append((to_pixels(out), to_pixels(back(out))))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])
