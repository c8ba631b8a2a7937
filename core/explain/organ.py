"""A simple, documented organ mask per domain, to ask how much evidence lies outside it.

These are classical image-processing masks, right enough to judge a map's whereabouts, and
nothing like a clinical segmentation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage
from skimage import color, filters, measure, morphology


def _threshold(image: np.ndarray) -> float:
    flat = float(image.max() - image.min()) < 1e-6
    return float(image.max()) if flat else float(filters.threshold_otsu(image))


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected region of a mask, (S, S) bool; empty where the mask is."""
    labels = measure.label(mask)
    if labels.max() == 0:
        return np.zeros(mask.shape, bool)
    return labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))


def _ellipse(side: int, column: float, scale: float = 1.0) -> np.ndarray:
    """Where a lung of a frontal radiograph usually lies, (side, side) bool."""
    rows, columns = np.mgrid[0:side, 0:side] / (side - 1)
    return ((rows - 0.46) / 0.37) ** 2 + ((columns - column) / 0.21) ** 2 <= scale**2


def lung(grey: np.ndarray) -> np.ndarray:
    """Lung fields of a frontal chest radiograph.

    In a wide ellipse around each lung's usual place: the largest region darker than Otsu's
    threshold of the chest's middle, opened, then replaced by its convex hull, because dense
    pneumonia is bright and would leave holes. Where that region fills less than a third of the
    ellipse (a white lung, another projection) the ellipse itself, a tenth smaller, stands in.

    Args:
        grey: (S, S) float in [0, 1].

    Returns:
        (S, S) bool.
    """
    side = grey.shape[0]
    smooth = filters.gaussian(grey, sigma=side / 64)
    wide = [_ellipse(side, column) for column in (0.29, 0.71)]
    middle = smooth[wide[0] | wide[1]]
    dark = morphology.opening(smooth < _threshold(middle), morphology.disk(max(1, side // 48)))
    mask = np.zeros(grey.shape, bool)
    for column, place in zip((0.29, 0.71), wide):
        largest = _largest(dark & place)
        if largest.sum() >= place.sum() / 3:
            mask |= morphology.convex_hull_image(largest)
        else:
            mask |= _ellipse(side, column, 0.9)
    return mask


def tissue(image: np.ndarray) -> np.ndarray:
    """Stained tissue of an H&E tile: saturation above Otsu's threshold, holes filled.

    Args:
        image: (S, S, 3) float in [0, 1].

    Returns:
        (S, S) bool; everything, where the tile has no clear glass (Otsu below 0.05 or above 0.25).
    """
    saturation = filters.gaussian(color.rgb2hsv(image)[..., 1], sigma=image.shape[0] / 128)
    cut = _threshold(saturation)
    if cut > 0.25:  # both sides are stained: the threshold separates dyes, not glass
        cut = 0.05
    mask = ndimage.binary_fill_holes(saturation > cut)
    return mask if mask.any() else np.ones(mask.shape, bool)


def head(grey: np.ndarray) -> np.ndarray:
    """Head of an MRI slice: the largest region brighter than half Otsu's threshold, filled.

    Args:
        grey: (S, S) float in [0, 1].

    Returns:
        (S, S) bool.
    """
    smooth = filters.gaussian(grey, sigma=grey.shape[0] / 128)
    largest = _largest(smooth > 0.5 * _threshold(smooth))
    if not largest.any():
        return np.ones(grey.shape, bool)
    closed = morphology.closing(largest, morphology.disk(grey.shape[0] // 32))
    return ndimage.binary_fill_holes(closed)


SEGMENTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "lung": lung,
    "tissue": tissue,
    "head": head,
}


def mask_of(organ: str, pixels: np.ndarray) -> np.ndarray | None:
    """The organ's mask, (S, S) bool, or None where the organ has no segmentation.

    Args:
        organ: `Domain.organ`.
        pixels: (S, S, C) uint8.
    """
    if organ not in SEGMENTERS:
        return None
    unit = pixels.astype(np.float32) / 255
    if organ == "tissue" and unit.shape[2] == 1:
        return None
    return SEGMENTERS[organ](unit if organ == "tissue" else unit.mean(2)).astype(bool)


def share_inside(values: np.ndarray, mask: np.ndarray) -> float:
    """Share of a map's absolute attribution that lies inside the mask, in [0, 1]."""
    total = float(np.abs(values).sum())
    return float(np.abs(values[mask]).sum()) / total if total > 0 else 0.0


def pointing(values: np.ndarray, mask: np.ndarray, tolerance: float = 0.02) -> bool:
    """Pointing game (Zhang et al. 2018): is the map's maximum inside, or nearly so?

    Args:
        values: (S, S).
        mask: (S, S) bool.
        tolerance: distance that still counts as a hit, as a share of the side.
    """
    radius = max(1, round(tolerance * values.shape[0]))
    wide = ndimage.binary_dilation(mask, morphology.disk(radius))
    return bool(wide[np.unravel_index(int(np.argmax(values)), values.shape)])
