"""Diversity within a class: multi-scale structural similarity of random pairs."""

from __future__ import annotations

import numpy as np
import torch
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure as ms_ssim,
)

from core.evaluate.intervals import bootstrap_mean

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003
KERNEL = 7  # px: five scales of a 128 px image hold no larger window


def scales(size: int) -> tuple[float, ...]:
    """The published weights of as many scales as fit an image, normalised to 1."""
    fit = sum((KERNEL - 1) * 2**level < size for level in range(len(WEIGHTS)))
    kept = WEIGHTS[:fit]
    return tuple(w / sum(kept) for w in kept)


def pair_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """MS-SSIM of N pairs, (N, S, S, C) uint8 each, to (N,)."""
    x, y = (torch.from_numpy(np.array(p)).permute(0, 3, 1, 2).float() / 255 for p in (a, b))
    found = ms_ssim(
        x,
        y,
        gaussian_kernel=False,
        kernel_size=KERNEL,
        data_range=1.0,
        betas=scales(a.shape[1]),
        normalize="relu",
        reduction="none",
    )
    return np.atleast_1d(found.numpy())


def intra_class(
    pixels: np.ndarray, classes: np.ndarray, pairs: int = 60, seed: int = 0
) -> dict[str, float | list[float]]:
    """Mean MS-SSIM of random pairs within a class (Odena et al. 2017): high means little variety.

    Args:
        pixels: (N, S, S, C) uint8.
        classes: (N,) class of each image; classes of one image are skipped.
        pairs: pairs drawn per class.
        seed: of the draw.

    Returns:
        "mean" over all pairs, "ci", and "pairs".
    """
    rng = np.random.default_rng(seed)
    first, second = [], []
    for name in np.unique(classes):
        rows = np.flatnonzero(classes == name)
        if len(rows) < 2:
            continue
        for _ in range(pairs):
            i, j = rng.choice(rows, 2, replace=False)
            first.append(i)
            second.append(j)
    if not first:
        return {"mean": float("nan"), "ci": [float("nan")] * 2, "pairs": 0}
    values = pair_similarity(pixels[first], pixels[second])
    return {"mean": float(values.mean()), "ci": bootstrap_mean(values), "pairs": len(values)}
