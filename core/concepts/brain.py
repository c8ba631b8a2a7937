"""Attributes of MRI slices of the head."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage import filters, measure, morphology

from core.concepts.attributes import attribute
from core.concepts.view import View

HEAD = "head"
RADII = (4, 6, 9)  # of rims, in pixels of a 128 px slice


def _inside(view: View) -> np.ndarray:
    """The head without scalp and skull: its mask eroded by a tenth of the side."""
    radius = max(1, view.grey.shape[0] // 10)
    distance = ndimage.distance_transform_edt(np.pad(view.mask, 1))[1:-1, 1:-1]
    inner = distance > radius
    return inner if inner.any() else view.mask


@attribute(HEAD, "bright-rim", "ring-like bright rim")
def bright_rim(view: View) -> float:
    """Largest excess of a ring's mean over the disc it encloses, inside the head, any radius.

    Rings of 4, 6 and 9 pixels radius (at 128 px) on exposure-corrected grey levels: what ring
    enhancement looks like, and what a bright vessel around a dark ventricle looks like as well.
    """
    inner, side, found = _inside(view), view.grey.shape[0], 0.0
    for radius in RADII:
        reach = max(2, round(radius * side / 128))
        disc = morphology.disk(reach).astype(float)
        hole = np.pad(morphology.disk(reach - 1).astype(float), 1)
        ring = disc - hole
        kernel = ring / ring.sum() - hole / hole.sum()
        found = max(found, float(ndimage.convolve(view.exposed, kernel)[inner].max()))
    return found


@attribute(HEAD, "bright-mass", "bright focal mass")
def bright_mass(view: View) -> float:
    """Brightest spot of the inner head after smoothing by 1/24 of the side, over its median.

    On exposure-corrected grey levels; contrast-enhancing tumours raise it, and so does a bright
    venous sinus.
    """
    smooth = filters.gaussian(view.exposed, sigma=view.grey.shape[0] / 24)
    inner = smooth[_inside(view)]
    return float(inner.max() - np.median(inner))


@attribute(HEAD, "dark-fluid", "wide dark spaces")
def dark_fluid(view: View) -> float:
    """Share of the inner head darker than half its median: ventricles and cysts on T1."""
    inner = view.exposed[_inside(view)]
    return float((inner < 0.5 * np.median(inner)).mean())


@attribute(HEAD, "symmetry", "symmetric halves")
def symmetry(view: View) -> float:
    """Correlation of the head with its mirror image about the mask's middle column, -1 to 1.

    A mass lowers it; so does a sagittal slice, which has no symmetry to lose.
    """
    columns = np.flatnonzero(view.mask.any(0))
    part = np.where(view.mask, view.grey, 0)[:, columns[0] : columns[-1] + 1]
    flat = part - part.mean()
    return float((flat * flat[:, ::-1]).sum() / max(float((flat**2).sum()), 1e-12))


@attribute(HEAD, "scalp", "bright scalp and skull rim")
def scalp(view: View) -> float:
    """Mean exposure-corrected grey level of the head's outer twentieth over that of its inside."""
    radius = max(1, view.grey.shape[0] // 20)
    distance = ndimage.distance_transform_edt(np.pad(view.mask, 1))[1:-1, 1:-1]
    rim, inner = (distance > 0) & (distance <= radius), distance > radius
    if not inner.any():
        return 1.0
    return float(view.exposed[rim].mean() / max(float(view.exposed[inner].mean()), 1e-6))


@attribute(HEAD, "elongation", "long, narrow head outline")
def elongation(view: View) -> float:
    """Eccentricity of the ellipse that fits the head mask, 0 (a circle) to 1.

    Tells axial, coronal and sagittal slices apart: a plane of imaging, not a finding.
    """
    return float(measure.regionprops(view.mask.astype(np.uint8))[0].eccentricity)
