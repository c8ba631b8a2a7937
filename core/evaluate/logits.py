"""A classifier's raw answers to many images, in batches as large as the device likes."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from core.preprocessing import Preprocessing

EVAL_BATCH = {"cuda": 1024}
"""Images at a time by device; 64 elsewhere."""


@torch.inference_mode()
def predict(
    module: nn.Module, images: np.ndarray, recipe: Preprocessing, device: torch.device
) -> np.ndarray:
    """Logits (N, K) float32 of images (N, S, S, C) uint8, in full precision."""
    module.eval()
    rows, size = [], EVAL_BATCH.get(device.type, 64)
    for start in range(0, len(images), size):
        pixels = torch.as_tensor(np.ascontiguousarray(images[start : start + size])).to(device)
        x = pixels.permute(0, 3, 1, 2).float().div_(255).sub_(recipe.mean).div_(recipe.std)
        rows.append(module(x.contiguous(memory_format=torch.channels_last)).float().cpu().numpy())
    return np.concatenate(rows)
