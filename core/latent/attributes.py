"""Measured attributes of an image that a direction may change."""

from __future__ import annotations

import numpy as np

GREY = ("brightness", "contrast", "centre", "symmetry", "texture")
COLOUR = ("redness", "blueness")


def names(channels: int) -> tuple[str, ...]:
    """Names of the attributes of grey (1) or colour (3) images, in the order of `measure`."""
    return GREY if channels == 1 else GREY + COLOUR


def measure(pixels: np.ndarray) -> np.ndarray:
    """Attributes of images, (N, S, S, C) uint8 to (N, A) float64.

    - brightness: mean grey level, 0 to 1; contrast: its standard deviation.
    - centre: mean of the middle half minus the mean of the rest (opacity of the centre).
    - symmetry: correlation with the left-right mirror image, -1 to 1.
    - texture: mean absolute difference to the neighbour on the right and below.
    - redness, blueness (colour only): mean red or blue minus mean green, the stain.
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
        found += [red - green, blue - green]
    return np.stack(found, 1)
