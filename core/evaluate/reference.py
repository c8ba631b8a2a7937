"""What single images are compared with on a page: features and ranges of real images.

The file holds no image: 16-bit features of training images, and quantiles of held-out ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from core.data.dataset import DomainData
from core.errors import CheckpointError
from core.evaluate.copy_audit import limit, nearest, unit
from core.evaluate.features import encoded, find_encoder
from core.evaluate.prdc import radii
from core.evaluate.texture import luminance
from core.registry import Loaded, Registry
from core.scope import register_file

STEPS = np.linspace(0, 1, 201)
NEIGHBOURS = 5


def sharpness(pixels: np.ndarray) -> np.ndarray:
    """log10 variance of the Laplacian (Pech-Pacheco et al. 2000), (N, S, S, C) uint8 to (N,)."""
    g = luminance(pixels)
    laplacian = 4 * g[:, 1:-1, 1:-1] - g[:, :-2, 1:-1] - g[:, 2:, 1:-1]
    laplacian -= g[:, 1:-1, :-2] + g[:, 1:-1, 2:]
    return np.log10(laplacian.var((1, 2)) + 1e-8)


def contrast(pixels: np.ndarray) -> np.ndarray:
    """Range between the 5 % and 95 % quantiles of luminance, (N, S, S, C) uint8 to (N,)."""
    low, high = np.quantile(luminance(pixels), (0.05, 0.95), axis=(1, 2))
    return np.asarray(high - low)


@dataclass(frozen=True)
class Reference:
    """Real images of a domain, as far as single images need them.

    Attributes:
        features: (T, D) float32 unit vectors of training images, in the order of
            `data.indices("train")`.
        centre: (D,) subtracted from features before scaling to unit length.
        radii: (T,) distance of each training image to its 5th nearest other one.
        copy_distances: (201,) quantiles of held-out images' distance to their nearest one.
        copy_limit: the 1 % quantile.
        sharpness: (201,) quantiles over held-out images.
        contrast: (201,) quantiles over held-out images.
    """

    features: np.ndarray
    centre: np.ndarray
    radii: np.ndarray
    copy_distances: np.ndarray
    copy_limit: float
    sharpness: np.ndarray
    contrast: np.ndarray


def file_name(domain: str) -> str:
    """Name of a domain's reference file beside its encoder."""
    return f"reference-{domain}.safetensors"


def split_features(encoder: Loaded, data: DomainData) -> dict[str, np.ndarray]:
    """Encoder features of training and validation images, by split."""
    return {s: encoded(encoder, np.asarray(data.images[data.indices(s)])) for s in ("train", "val")}


def fit_reference(
    registry: Registry, data: DomainData, features: dict[str, np.ndarray] | None = None
) -> None:
    """Measure training and validation images and write the file beside the encoder.

    Args:
        registry: holds the encoder, whose card gets the file's sha256 and the limit.
        data: the domain's images.
        features: encoder features by split ("train", "val"), where known already.

    Raises:
        CheckpointError: no encoder.
    """
    encoder, domain = find_encoder(registry, data.domain.id), data.domain.id
    pixels = np.asarray(data.images[data.indices("val")])
    known = features or split_features(encoder, data)
    centre = known["train"].mean(0)
    vectors = unit(known["train"], centre)
    held = nearest(unit(known["val"], centre), vectors)[0]
    tensors = {
        "features": vectors.astype(np.float16),
        "centre": centre,
        "radii": radii(vectors, min(NEIGHBOURS, len(vectors) - 1)),
        "copy_distances": np.quantile(held, STEPS),
        "copy_limit": np.array([limit(held)]),
        "sharpness": np.quantile(sharpness(pixels), STEPS),
        "contrast": np.quantile(contrast(pixels), STEPS),
    }
    path = registry.folder(encoder.card.id) / file_name(domain)
    small = {k: v if v.dtype == np.float16 else v.astype(np.float32) for k, v in tensors.items()}
    save_file(small, path)
    numbers = {"copy_limit": limit(held), "n_held_out": len(held), "n_training": len(vectors)}
    register_file(registry, encoder.card, path, {"reference": {domain: numbers}})


@lru_cache(maxsize=8)
def _read(path: Path, modified_ns: int) -> Reference:
    t = load_file(path)
    return Reference(
        t["features"].astype(np.float32),
        t["centre"],
        t["radii"],
        t["copy_distances"],
        float(t["copy_limit"][0]),
        t["sharpness"],
        t["contrast"],
    )


def reference(registry: Registry, domain: str) -> Reference:
    """The shipped reference of a domain, read once.

    Raises:
        CheckpointError: no encoder, or none was measured for this domain.
    """
    path = registry.folder(find_encoder(registry, domain).card.id) / file_name(domain)
    if not path.exists():
        raise CheckpointError(
            f"No reference of real {domain} images at {path}; run 'python -m core evaluate "
            f"encoder --domain {domain} --data …'."
        )
    return _read(path, path.stat().st_mtime_ns)


def percentile(value: float, quantiles: np.ndarray) -> float:
    """Where a value lies among quantiles at `STEPS`, in percent (0 to 100)."""
    return float(100 * np.interp(value, quantiles, STEPS[: len(quantiles)]))
