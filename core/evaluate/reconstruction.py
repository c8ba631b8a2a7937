"""Evaluate an autoencoder's reconstructions: the ceiling of every generator in its latents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from core.cards import read_metrics, write_json
from core.data.dataset import DomainData
from core.evaluate.features import describe, find_encoder
from core.evaluate.generator import check_size, compare, controls
from core.evaluate.intervals import bootstrap_mean
from core.evaluate.real_sets import RealSets
from core.registry import Loaded, Registry


def reconstruct(loaded: Loaded, pixels: np.ndarray, batch: int = 32) -> np.ndarray:
    """Encode and decode (N, S, S, C) uint8 images, (N, S, S, C) uint8."""
    recipe, found = loaded.card.preprocess(), []
    autoencoder: Any = loaded.module
    for start in range(0, len(pixels), batch):
        x = recipe.normalise(pixels[start : start + batch]).to(loaded.device)
        with torch.inference_mode():
            seeds = list(range(start, start + len(x)))
            y = autoencoder.decode(autoencoder.encode(x), pixels.shape[-1], seeds)
        found.append(recipe.denormalise(y))
    return np.concatenate(found)


def likeness(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    """PSNR in dB and SSIM (Wang et al. 2004) of pairs, (N, S, S, C) uint8 each.

    Returns:
        "psnr", "ssim": means; "psnr_ci", "ssim_ci": 95 % intervals.
    """
    psnr = [peak_signal_noise_ratio(x, y) for x, y in zip(a, b) if (x != y).any()]
    ssim = [structural_similarity(x, y, channel_axis=-1) for x, y in zip(a, b)]
    found: dict[str, Any] = {}
    for name, values in (("psnr", np.array(psnr)), ("ssim", np.array(ssim))):
        found[name] = float(values.mean()) if len(values) else float("inf")
        found[f"{name}_ci"] = bootstrap_mean(values) if len(values) else []
    return found


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    n: int = 500,
    splits: Sequence[str] = ("val",),
) -> dict[str, Any]:
    """Compare an autoencoder's reconstructions of held-out images with those images.

    PSNR and SSIM compare held-out images with their own reconstructions. The ratios compare the
    reconstructions with *other* real images, as for a generator: no generator in these latents
    can be expected to do better.

    Args:
        registry: holds the autoencoder and the encoder.
        model_id: the autoencoder.
        data: one domain, at the autoencoder's size.
        n: most held-out images.
        splits: held-out splits.

    Returns:
        What was written below the domain's id in the autoencoder's `metrics.json`.

    Raises:
        CheckpointError: no such model, or no encoder.
        DataError: another resolution than the model's, or no held-out images.
    """
    loaded = registry.get(model_id)
    check_size(loaded.card, data)
    real = RealSets(registry, data, data.domain.class_ids, n, splits)
    round_trip = reconstruct(loaded, real.held_pixels)
    spaces = describe(find_encoder(registry, data.domain.id), round_trip)
    result = {
        "n": len(real),
        "splits": list(splits),
        "resolution": data.images.shape[1],
        **likeness(real.held_pixels, round_trip),
        **compare(real.other, real.floor, spaces, 0),
        "controls": controls(real),
    }
    folder = registry.folder(model_id)
    known = read_metrics(folder)
    domains = {**known.get("domains", {}), data.domain.id: result}
    write_json(folder / "metrics.json", {**known, "task": "autoencoder", "domains": domains})
    return result
