"""A 2-D map of generated and real images: principal components of in-domain features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

CELLS = 28  # of the density grid, a side


@dataclass(frozen=True)
class Plane:
    """The plane that images are shown on.

    Attributes:
        centre: (D,).
        axes: (2, D), orthonormal.
        explained: shares of the variance that the two axes keep.
    """

    centre: np.ndarray
    axes: np.ndarray
    explained: tuple[float, float]

    def project(self, features: np.ndarray) -> np.ndarray:
        """(N, D) to (N, 2)."""
        return (features - self.centre) @ self.axes.T


def fit_plane(features: np.ndarray) -> Plane:
    """The two leading principal components of (N, D) features; signs do not depend on luck.

    Raises:
        ValueError: fewer than three images.
    """
    if len(features) < 3:
        raise ValueError("A map needs at least three images.")
    centre = features.mean(0)
    _, strengths, axes = np.linalg.svd(features - centre, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(1)])[:, None]
    kept = strengths[:2] ** 2 / max(float((strengths**2).sum()), 1e-12)
    return Plane(centre, axes, (float(kept[0]), float(kept[1])))


def uncovered(real: np.ndarray, radii: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """Which real images have no generated one among their neighbourhood (Naeem et al. 2020).

    Args:
        real: (M, D) features.
        radii: (M,) distance of each to its k-th nearest other real image.
        generated: (N, D).

    Returns:
        (M,) bool; the mean of its inverse is the coverage, eq. 4.
    """
    nearest = np.concatenate([cdist(p, generated).min(1) for p in np.array_split(real, 16)])
    return nearest >= radii


def density(
    points: np.ndarray, judged: np.ndarray, missed: np.ndarray
) -> dict[str, list[float] | list[list[float]]]:
    """Real images on the plane as counts per cell, without any single one's place.

    Args:
        points: (M, 2), all real images.
        judged: (K, 2), those asked whether they are covered.
        missed: (K,) bool, `uncovered`.

    Returns:
        "x", "y": centres of the cells; "count" of all, and "uncovered" (share of those judged,
        None where there is none), by row of y.
    """
    spans = [(float(a), float(b)) for a, b in np.quantile(points, (0.002, 0.998), axis=0).T]
    count, xs, ys = np.histogram2d(points[:, 0], points[:, 1], CELLS, spans)
    asked, gone = (
        np.histogram2d(part[:, 0], part[:, 1], CELLS, spans)[0] for part in (judged, judged[missed])
    )
    gaps = np.where(asked > 0, gone / np.maximum(asked, 1), np.nan).T
    return {
        "x": ((xs[1:] + xs[:-1]) / 2).tolist(),
        "y": ((ys[1:] + ys[:-1]) / 2).tolist(),
        "count": count.T.tolist(),
        "uncovered": [[None if np.isnan(v) else float(v) for v in row] for row in gaps],  # type: ignore
    }
