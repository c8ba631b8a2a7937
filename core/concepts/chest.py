"""Attributes of frontal chest radiographs. "Right" is the patient's right: the image's left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.concepts.attributes import attribute
from core.concepts.view import View

LUNG = "lung"


def _sides(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the patient's right and left lung, split at the middle column."""
    right, left = view.mask.copy(), view.mask.copy()
    middle = view.mask.shape[1] // 2
    right[:, middle:] = False
    left[:, :middle] = False
    return right, left


def _zone(view: View, side: int, lower: bool) -> float:
    lung = _sides(view)[side]
    rows = np.flatnonzero(lung.any(1))
    if not len(rows):
        return 0.0
    zone = lung.copy()
    middle = int((rows[0] + rows[-1] + 1) // 2)
    zone[slice(0, middle) if lower else slice(middle, None)] = False
    return float(view.exposed[zone].mean()) if zone.any() else 0.0


def _register(side: int, lower: bool) -> Callable[[View], float]:
    which, where = ("right", "left")[side], "lower" if lower else "upper"

    def measure(view: View) -> float:
        return _zone(view, side, lower)

    measure.__doc__ = (
        f"Mean of exposure-corrected grey levels in the {where} half of the {which} lung mask.\n\n"
        "A classical mask finds the lungs; dense opacities at its border may lie outside it."
    )
    return attribute(LUNG, f"opacity-{which}-{where}", f"opacity, {which} {where} zone")(measure)


ZONES = tuple(_register(side, lower) for side in (0, 1) for lower in (False, True))


@attribute(LUNG, "heart-width", "wide heart")
def heart_width(view: View) -> float:
    """Widest gap between the lungs in their lower half over the thorax's width at lung level.

    A stand-in for the cardiothoracic ratio (Danzer 1919): the gap also holds the spine, and
    opacities beside the heart widen it.
    """
    rows = np.flatnonzero(view.mask.any(1))
    if not len(rows):
        return 0.0
    right, left = _sides(view)
    gaps, widths = [0.0], [1.0]
    for row in rows[len(rows) // 2 :]:
        one, other = np.flatnonzero(right[row]), np.flatnonzero(left[row])
        if len(one) and len(other):
            gaps.append(float(other[0] - one[-1] - 1))
            widths.append(float(other[-1] - one[0] + 1))
    return max(gaps) / max(widths)


@attribute(LUNG, "symmetry", "symmetric chest")
def symmetry(view: View) -> float:
    """Correlation of the image with its left-right mirror image, -1 to 1."""
    flat = view.grey - view.grey.mean()
    return float((flat * flat[:, ::-1]).sum() / max(float((flat**2).sum()), 1e-12))


@attribute(LUNG, "lung-texture", "coarse lung texture")
def lung_texture(view: View) -> float:
    """Standard deviation of exposure-corrected grey levels inside the lung mask.

    Vessels, infiltrates and ribs all raise it.
    """
    return float(view.exposed[view.mask].std())
