"""Generated images beside real ones: copies, sharpness, contrast, and a gate that draws again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core import domains
from core.errors import CheckpointError, SynthLensError
from core.evaluate.image_checks import ImageCheck
from core.evaluate.image_checks import check as check_pixels
from core.evaluate.quality_gate import draw_gated
from core.preprocessing import Preprocessing
from core.registry import Registry
from core.services.defaults import choose
from core.services.generation import GeneratedImage, draw, members


@dataclass
class Gated:
    """What the quality gate let through.

    Attributes:
        images: as many as asked for; where no attempt passed, the last one, with a note.
        rejected: number of images drawn and turned away.
        reasons: how often each reason was given.
    """

    images: list[GeneratedImage]
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def check(registry: Registry, images: list[GeneratedImage]) -> list[ImageCheck] | None:
    """Measure images of one domain, or None where no reference of real images is shipped."""
    if not images:
        return []
    try:
        return check_pixels(registry, images[0].domain, _at_domain_size(images))
    except CheckpointError:
        return None


def generate_gated(
    registry: Registry,
    domain: str,
    model: str | None,
    label: str,
    n: int,
    seed: int,
    options: dict[str, float] | None = None,
) -> Gated:
    """Like `generate`, but images unlike real ones, or too like one, are drawn again.

    Raises:
        CheckpointError: no such generator, or no reference of real images to judge by.
        SynthLensError: `n` below 1 or a negative seed.
    """
    if n < 1 or seed < 0:
        raise SynthLensError("Ask for at least one image, with a seed of 0 or more.")
    card = choose(registry, domain, "generator", model)
    known = members(card, domain, label)
    classes = [known[i % len(known)] for i in range(n)]
    latest: dict[int, GeneratedImage] = {}

    def attempt(rows: list[int], seeds: list[int]) -> np.ndarray:
        made = draw(registry, domain, card, [classes[i] for i in rows], seeds, options)
        latest.update(zip(rows, made))
        return _at_domain_size(made)

    found = draw_gated(registry, domain, attempt, list(range(seed, seed + n)))
    for row, passed in enumerate(found.passed):
        if not passed:
            latest[row].note = "No attempt passed the quality gate; this is the last one."
    return Gated([latest[i] for i in range(n)], found.rejected, found.reasons)


def _at_domain_size(images: list[GeneratedImage]) -> np.ndarray:
    """(N, S, S, C) uint8: what is measured depends on the resolution."""
    domain = domains.get(images[0].domain)
    recipe = Preprocessing(size=domain.size, channels=domain.channels)
    return np.stack([recipe.pixels(image.pixels) for image in images])
