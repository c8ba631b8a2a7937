"""Simple statistics of an image as a whole: enough to tell noise, text or a blank page apart."""

from __future__ import annotations

import numpy as np
import torch

from core.evaluate.texture import luminance, radial_power
from core.preprocessing import resized

SIDE = 64  # px: coarse, so that soft or re-encoded images of a domain stay what they are
BANDS = ((1, 1), (2, 2), (3, 4), (5, 6), (7, 9), (10, 13), (14, 19), (20, 28))


def coarse(pixels: np.ndarray, size: int = SIDE) -> np.ndarray:
    """Area-average (N, S, S, C) uint8 images to (N, size, size, C) uint8."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float()
    x = resized(x, size)
    return x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def entropy(grey: np.ndarray, bins: int = 32) -> np.ndarray:
    """Shannon entropy of grey-level histograms in bits, (N, S, S) in [0, 1] to (N,)."""
    levels = np.minimum((grey * bins).astype(np.int64), bins - 1).reshape(len(grey), -1)
    share = np.stack([np.bincount(row, minlength=bins) for row in levels]) / levels.shape[1]
    return -(share * np.log2(np.maximum(share, 1e-12))).sum(1)


def chroma(pixels: np.ndarray) -> np.ndarray:
    """Mean distance between the largest and smallest colour channel, (N, S, S, C) to (N,)."""
    wide = pixels.astype(np.float32) / 255
    return (wide.max(-1) - wide.min(-1)).mean((1, 2))


def tint(pixels: np.ndarray) -> np.ndarray:
    """Mean red minus green and blue minus green, (N, S, S, C) uint8 to (N, 2); 0 for grey."""
    if pixels.shape[-1] == 1:
        return np.zeros((len(pixels), 2))
    mean = pixels.astype(np.float32).mean((1, 2)) / 255
    return mean[:, [0, 2]] - mean[:, [1]]


def statistics(pixels: np.ndarray) -> np.ndarray:
    """Brightness, contrast, entropy, colour and coarse spectrum of images.

    Args:
        pixels: (N, S, S, C) uint8.

    Returns:
        (N, 17) float64: mean, standard deviation, centre minus border, entropy, share of black
        and of white, chroma, two tints, and log10 power in eight bands.
    """
    small = coarse(pixels)
    grey = luminance(small)
    edge = SIDE // 8
    inner = grey[:, edge:-edge, edge:-edge].mean((1, 2))
    power = radial_power(grey)
    return np.column_stack(
        [
            grey.mean((1, 2)),
            grey.std((1, 2)),
            inner - grey.mean((1, 2)),
            entropy(grey),
            (grey < 0.04).mean((1, 2)),
            (grey > 0.96).mean((1, 2)),
            chroma(small),
            tint(small),
            *[power[:, low - 1 : high].mean(1) for low, high in BANDS],
        ]
    )
