"""Quality gate: draw again what is unlike real images or too like one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from core.evaluate.image_checks import ImageCheck, check
from core.registry import Registry

MINIMUM_REALISM = 0.8
ATTEMPTS = 4  # draws per image at most, the first included


@dataclass
class Gated:
    """Images that passed, and what was turned away.

    Attributes:
        pixels: (N, S, S, C) uint8.
        seeds: N seeds that drew them.
        passed: N flags; False where no attempt passed and the last one is shown.
        rejected: number of images drawn and turned away.
        reasons: how often each reason was given.
    """

    pixels: np.ndarray
    seeds: list[int]
    passed: list[bool]
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def faults(found: ImageCheck) -> list[str]:
    """Why an image does not pass; empty where it does."""
    reasons = []
    if found.copy_suspect:
        reasons.append("too near a training image")
    if found.realism < MINIMUM_REALISM:
        reasons.append("unlike real images")
    if not found.usual_sharpness:
        reasons.append("sharpness out of the real range")
    if not found.usual_contrast:
        reasons.append("contrast out of the real range")
    return reasons


def draw_gated(
    registry: Registry,
    domain: str,
    draw: Callable[[list[int], list[int]], np.ndarray],
    seeds: list[int],
    attempts: int = ATTEMPTS,
) -> Gated:
    """Draw images, and draw again those that do not pass.

    Args:
        registry: holds the encoder and the reference.
        domain: domain id.
        draw: takes positions (which of the N images) and seeds, returns their pixels.
        seeds: N first seeds; attempt k of image i uses `seeds[i] + k * 100_003`.
        attempts: draws per image at most.

    Raises:
        CheckpointError: no encoder or no reference.
    """
    open_rows, current = list(range(len(seeds))), list(seeds)
    pixels: dict[int, np.ndarray] = {}
    result = Gated(np.empty(0), current, [False] * len(seeds))
    for attempt in range(attempts):
        if not open_rows:
            break
        current = [seeds[i] + attempt * 100_003 for i in open_rows]
        drawn = draw(open_rows, current)
        still = []
        for row, seed, image, found in zip(
            open_rows, current, drawn, check(registry, domain, drawn)
        ):
            pixels[row], result.seeds[row] = image, seed
            reasons = faults(found)
            result.passed[row] = not reasons
            if reasons:
                still.append(row)
                _count(result, reasons)
        open_rows = still
    result.rejected -= len(open_rows)  # the last attempt is shown, not turned away
    result.pixels = np.stack([pixels[i] for i in range(len(seeds))])
    return result


def _count(result: Gated, reasons: list[str]) -> None:
    result.rejected += 1
    for reason in reasons:
        result.reasons[reason] = result.reasons.get(reason, 0) + 1
