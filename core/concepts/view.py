"""One image as attributes see it: scaled, masked and unmixed once, however many measure it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from skimage import color, filters, measure, morphology

from core.explain.organ import mask_of

DARK, BRIGHT = 2, 98  # percentiles that exposure is measured by


class View:
    """An image and what is derived from it.

    Args:
        pixels: (S, S, C) uint8.
        organ: `Domain.organ`, what the mask looks for.
    """

    def __init__(self, pixels: np.ndarray, organ: str) -> None:
        self.pixels, self.organ = pixels, organ

    @cached_property
    def unit(self) -> np.ndarray:
        """(S, S, C) float64 in [0, 1]."""
        return self.pixels.astype(np.float64) / 255

    @cached_property
    def grey(self) -> np.ndarray:
        """(S, S) mean of the channels, in [0, 1]."""
        return self.unit.mean(2)

    @cached_property
    def exposed(self) -> np.ndarray:
        """(S, S) grey levels with the 2nd percentile at 0 and the 98th at 1, clipped.

        Takes the exposure of a radiograph and the scaling of an MRI slice out of the figures.
        """
        low, high = np.percentile(self.grey, (DARK, BRIGHT))
        return np.clip((self.grey - low) / max(float(high - low), 1e-6), 0, 1)

    @cached_property
    def mask(self) -> np.ndarray:
        """(S, S) bool, where the organ is; everything where there is no segmentation."""
        found = mask_of(self.organ, self.pixels)
        return np.ones(self.grey.shape, bool) if found is None or not found.any() else found

    @cached_property
    def stains(self) -> np.ndarray:
        """(S, S, 3) haematoxylin, eosin and residual (Ruifrok & Johnston 2001)."""
        return color.rgb2hed(self.unit)

    @cached_property
    def nuclei(self) -> np.ndarray:
        """(S, S) int labels of nuclei: smoothed haematoxylin above Otsu's threshold, opened."""
        dye = filters.gaussian(self.stains[..., 0], sigma=self.grey.shape[0] / 128)
        if float(np.ptp(dye)) < 1e-9:
            return np.zeros(dye.shape, int)
        return measure.label(morphology.opening(dye > filters.threshold_otsu(dye)))
