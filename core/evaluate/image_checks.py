"""Checks of single images for a page: near a training image? as sharp as real ones?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluate.copy_audit import nearest, unit
from core.evaluate.features import encoded, find_encoder
from core.evaluate.reference import Reference, contrast, percentile, reference, sharpness
from core.registry import Registry

BAND = (2.5, 97.5)  # percentiles of held-out real images that count as usual


@dataclass(frozen=True)
class ImageCheck:
    """What was measured of one image. Percentiles are among held-out real images, 0 to 100.

    Attributes:
        copy_distance: 1 − cosine to the nearest training image in the encoder's features.
        copy_percentile: share of held-out real images that are nearer to a training image.
        copy_suspect: closer than 99 % of held-out real images are.
        neighbour: position of that training image among `data.indices("train")`.
        realism: largest ratio of a training image's neighbourhood radius to the distance from
            it (Kynkäänniemi et al. 2019, equation 3); 1 or more lies among real images.
        sharpness: log10 variance of the Laplacian.
        sharpness_percentile: its place among real images.
        contrast: range between the 5 % and 95 % quantiles of luminance.
        contrast_percentile: its place among real images.
    """

    copy_distance: float
    copy_percentile: float
    copy_suspect: bool
    neighbour: int
    realism: float
    sharpness: float
    sharpness_percentile: float
    contrast: float
    contrast_percentile: float

    @property
    def usual_sharpness(self) -> bool:
        """Whether sharpness lies in the middle 95 % of real images."""
        return BAND[0] <= self.sharpness_percentile <= BAND[1]

    @property
    def usual_contrast(self) -> bool:
        """Whether contrast lies in the middle 95 % of real images."""
        return BAND[0] <= self.contrast_percentile <= BAND[1]


def check(registry: Registry, domain: str, pixels: np.ndarray) -> list[ImageCheck]:
    """Check images against the shipped reference of their domain.

    Args:
        registry: holds the encoder and the reference.
        domain: domain id.
        pixels: (N, S, S, C) uint8 at the domain's size.

    Returns:
        N checks, in order.

    Raises:
        CheckpointError: no encoder or no reference.
    """
    known = reference(registry, domain)
    vectors = unit(encoded(find_encoder(registry, domain), pixels), known.centre)
    distance, neighbour = nearest(vectors, known.features)
    columns = zip(
        distance.tolist(),
        neighbour.tolist(),
        realism(vectors, known).tolist(),
        sharpness(pixels).tolist(),
        contrast(pixels).tolist(),
    )
    return [_check(known, *values) for values in columns]


def realism(vectors: np.ndarray, known: Reference) -> np.ndarray:
    """Realism score of unit vectors (N, D), (N,) (Kynkäänniemi et al. 2019, equation 3).

    As in the paper, only the half of the training images with the smaller radii count.
    """
    dense = known.radii <= np.median(known.radii)
    cosine = vectors @ known.features[dense].T
    apart = np.sqrt(np.maximum(2 - 2 * cosine, 1e-12))  # Euclidean, between unit vectors
    return (known.radii[dense] / apart).max(1)


def _check(
    known: Reference, distance: float, neighbour: int, real: float, sharp: float, range_: float
) -> ImageCheck:
    return ImageCheck(
        copy_distance=distance,
        copy_percentile=percentile(distance, known.copy_distances),
        copy_suspect=distance < known.copy_limit,
        neighbour=neighbour,
        realism=real,
        sharpness=sharp,
        sharpness_percentile=percentile(sharp, known.sharpness),
        contrast=range_,
        contrast_percentile=percentile(range_, known.contrast),
    )
