"""Attributes of every domain: what a concept measured on real images is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from skimage import filters

from core.concepts.view import View
from core.domains import Domain
from core.errors import SynthLensError

Measure = Callable[[View], float]


@dataclass(frozen=True)
class Attribute:
    """A number that can be measured on an image.

    Attributes:
        id: stable id.
        name: what an image with much of it shows, in a reader's words.
        measure: the measurement; its docstring says how it is made and what it is worth.
    """

    id: str
    name: str
    measure: Measure

    @property
    def how(self) -> str:
        """The first paragraph of the measurement's documentation."""
        text = (self.measure.__doc__ or "").strip().split("\n\n")[0]
        return " ".join(text.split())


_known: dict[str, list[Attribute]] = {}


def attribute(organ: str, id: str, name: str) -> Callable[[Measure], Measure]:
    """Decorator: make a measurement known for an organ, or for all with organ ""."""

    def register(measure: Measure) -> Measure:
        _known.setdefault(organ, []).append(Attribute(id, name, measure))
        return measure

    return register


def attributes(domain: Domain) -> list[Attribute]:
    """The attributes of a domain's organ, then those of any image."""
    from core.concepts import brain, chest, histology  # noqa: F401  (register themselves)

    return [*_known.get(domain.organ, []), *_known[""]]


def values(domain: Domain, images: np.ndarray) -> dict[str, np.ndarray]:
    """Measure everything on many images.

    Args:
        domain: whose attributes.
        images: (N, S, S, C) uint8.

    Returns:
        Attribute id to (N,) float64.

    Raises:
        SynthLensError: no image.
    """
    if not len(images):
        raise SynthLensError("There is no image to measure.")
    wanted = attributes(domain)
    views = (View(pixels, domain.organ) for pixels in images)
    table = np.array([[a.measure(view) for a in wanted] for view in views], dtype=np.float64)
    return {a.id: table[:, i] for i, a in enumerate(wanted)}


@attribute("", "sharpness", "sharp, grainy image")
def sharpness(view: View) -> float:
    """Root mean square of the Laplacian over the standard deviation of grey levels.

    High for noise and fine texture, low for blur and strong compression: no finding at all, and
    a known shortcut (see the audits).
    """
    spread = float(view.grey.std())
    return float(np.sqrt((filters.laplace(view.grey) ** 2).mean())) / max(spread, 1e-6)


@attribute("", "brightness", "bright image")
def brightness(view: View) -> float:
    """Mean grey level in [0, 1]: exposure, window or stain, not a finding."""
    return float(view.grey.mean())


@attribute("", "contrast", "high contrast")
def contrast(view: View) -> float:
    """Standard deviation of grey levels in [0, 0.5]."""
    return float(view.grey.std())


@attribute("", "frame", "dark frame")
def frame(view: View) -> float:
    """Share of pixels darker than 0.05 in the outer eighth of the image.

    Black borders tell how and where an image was made: a shortcut that shows a data set's source.
    """
    side = view.grey.shape[0]
    rim = np.ones(view.grey.shape, bool)
    rim[side // 8 : side - side // 8, side // 8 : side - side // 8] = False
    return float((view.grey[rim] < 0.05).mean())
