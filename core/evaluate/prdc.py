"""Precision, recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

from __future__ import annotations

import numpy as np


def cdist(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Euclidean distances (N, M)."""
    from scipy.spatial import distance  # pages only need this module's callers

    return np.asarray(distance.cdist(one, two))


def radii(features: np.ndarray, k: int) -> np.ndarray:
    """Distance of every point to its k-th nearest other point, (N,)."""
    distance = cdist(features, features)
    return np.partition(distance, k, axis=1)[:, k]  # position 0 is the point itself


def prdc(real: np.ndarray, synthetic: np.ndarray, k: int = 5) -> dict[str, float]:
    """Fidelity and diversity from k-nearest-neighbour balls.

    Args:
        real: (N, D) features.
        synthetic: (M, D) features.
        k: neighbours that set the radius of a ball; both sets hold more than k points.

    Returns:
        "precision", "recall" and "coverage" in [0, 1]; "density" not negative (1 is expected of
        real images).
    """
    k = min(k, len(real) - 1, len(synthetic) - 1)
    real_radii, synthetic_radii = radii(real, k), radii(synthetic, k)
    distance = cdist(real, synthetic)  # (N, M)
    in_real = distance < real_radii[:, None]
    in_synthetic = distance < synthetic_radii[None, :]
    return {
        # Kynkäänniemi et al. 2019, equation 2
        "precision": float(in_real.any(0).mean()),
        "recall": float(in_synthetic.any(1).mean()),
        # Naeem et al. 2020, equations 3 and 4
        "density": float(in_real.sum(0).mean() / k),
        "coverage": float((distance.min(1) < real_radii).mean()),
    }
