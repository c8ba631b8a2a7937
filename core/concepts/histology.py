"""Attributes of H&E-stained tissue tiles, by colour deconvolution (Ruifrok & Johnston 2001)."""

from __future__ import annotations

import numpy as np
from skimage import color, feature, filters, measure

from core.concepts.attributes import attribute
from core.concepts.view import View

TISSUE = "tissue"
LEAST = 12  # pixels of the smallest nucleus in a 128 px tile


def _areas(view: View) -> np.ndarray:
    """Areas of the nuclei in pixels, specks left out."""
    least = LEAST * (view.grey.shape[0] / 128) ** 2
    found = np.bincount(view.nuclei.ravel())[1:]
    return found[found >= least]


@attribute(TISSUE, "nuclear-density", "dense nuclei")
def nuclear_density(view: View) -> float:
    """Share of the tile covered by nuclei: smoothed haematoxylin above Otsu's threshold.

    Otsu's threshold always finds two classes; pale tiles without nuclei come out too high.
    """
    return float((view.nuclei > 0).mean())


@attribute(TISSUE, "nuclear-size", "large or merged nuclei")
def nuclear_size(view: View) -> float:
    """Median area of connected nuclear regions as a share of the tile; crowded nuclei merge."""
    areas = _areas(view)
    return float(np.median(areas)) / view.grey.size if len(areas) else 0.0


@attribute(TISSUE, "haematoxylin", "strong blue stain")
def haematoxylin(view: View) -> float:
    """Mean haematoxylin after colour deconvolution, in skimage's units.

    Stain strength is the laboratory's work as much as the tissue's.
    """
    return float(view.stains[..., 0].mean())


@attribute(TISSUE, "eosin", "strong pink stain")
def eosin(view: View) -> float:
    """Mean eosin after colour deconvolution, in skimage's units; see haematoxylin."""
    return float(view.stains[..., 1].mean())


@attribute(TISSUE, "gland-openness", "open gland lumen")
def gland_openness(view: View) -> float:
    """Area of the largest pale region as a share of the tile.

    Pale: saturation below 0.15 and brightness above 0.7 after smoothing. A tear or the tile's
    empty edge counts as well.
    """
    hsv = color.rgb2hsv(filters.gaussian(view.unit, sigma=view.grey.shape[0] / 128, channel_axis=2))
    labels = measure.label((hsv[..., 1] < 0.15) & (hsv[..., 2] > 0.7))
    counts = np.bincount(labels.ravel())[1:]
    return float(counts.max()) / view.grey.size if len(counts) else 0.0


@attribute(TISSUE, "alignment", "aligned, palisading structures")
def alignment(view: View) -> float:
    """Mean coherence of the structure tensor at a scale of 1/32 of the side, 0 to 1.

    Coherence is (a - b)² / (a + b)² of the tensor's eigenvalues (Jähne 1993): 1 where all edges
    run one way.
    """
    tensor = feature.structure_tensor(view.grey, sigma=view.grey.shape[0] / 32)
    high, low = feature.structure_tensor_eigenvalues(tensor)
    total = high + low
    coherent = np.where(total > 1e-9, ((high - low) / np.maximum(total, 1e-9)) ** 2, 0)
    return float(coherent.mean())
