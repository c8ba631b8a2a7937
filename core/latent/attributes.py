"""Measured attributes of an image that a direction may change."""

from __future__ import annotations

import numpy as np
from skimage.color import rgb2hed

from core.explain.organ import SEGMENTERS, mask_of

GREY = ("brightness", "contrast", "centre", "symmetry", "texture")
COLOUR = ("redness", "blueness", "haematoxylin", "eosin")


def names(channels: int, organ: str = "") -> tuple[str, ...]:
    """Names of the attributes of grey (1) or colour (3) images, in the order of `measure`.

    Args:
        channels: of the images.
        organ: `Domain.organ`; adds its area and its opacity.
    """
    found = GREY if channels == 1 else GREY + COLOUR
    return (*found, f"{organ} area", f"{organ} opacity") if _segmented(organ, channels) else found


def measure(pixels: np.ndarray, organ: str = "") -> np.ndarray:
    """Attributes of images, (N, S, S, C) uint8 to (N, A) float64.

    - brightness: mean grey level, 0 to 1; contrast: its standard deviation.
    - centre: mean of the middle half minus the mean of the rest.
    - symmetry: correlation with the left-right mirror image, -1 to 1.
    - texture: mean absolute difference to the neighbour on the right and below.
    - redness, blueness (colour only): mean red or blue minus mean green.
    - haematoxylin, eosin (colour only): mean optical density of each stain after colour
      deconvolution (Ruifrok and Johnston 2001).
    - area: share of the image that the organ's simple mask covers; opacity: its mean grey level.

    Args:
        pixels: the images.
        organ: as for `names`.
    """
    unit = pixels.astype(np.float64) / 255
    grey = unit.mean(3)
    side = grey.shape[1]
    middle = slice(side // 4, side - side // 4)
    inner = np.zeros(grey.shape[1:], bool)
    inner[middle, middle] = True
    centred = grey - grey.mean((1, 2), keepdims=True)
    power = np.maximum((centred**2).sum((1, 2)), 1e-12)
    steps = [np.abs(np.diff(grey, axis=a)).mean((1, 2)) for a in (1, 2)]
    found = [
        grey.mean((1, 2)),
        grey.std((1, 2)),
        grey[:, inner].mean(1) - grey[:, ~inner].mean(1),
        (centred * centred[:, :, ::-1]).sum((1, 2)) / power,
        (steps[0] + steps[1]) / 2,
    ]
    if pixels.shape[3] == 3:
        red, green, blue = unit.mean((1, 2)).T
        stains = rgb2hed(unit).mean((1, 2))
        found += [red - green, blue - green, stains[:, 0], stains[:, 1]]
    if _segmented(organ, pixels.shape[3]):
        masks = [mask_of(organ, image) for image in pixels]
        found += [np.array([0.0 if m is None else m.mean() for m in masks])]
        inside = [g[m].mean() if m is not None and m.any() else 0.0 for g, m in zip(grey, masks)]
        found += [np.array(inside)]
    return np.stack(found, 1)


def _segmented(organ: str, channels: int) -> bool:
    return organ in SEGMENTERS and not (organ == "tissue" and channels == 1)
