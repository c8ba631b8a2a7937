"""Learning rates that follow the share of a run that is done."""

from __future__ import annotations

import math

from core.training.run import Run


def warm_then_cosine(run: Run, rate: float, images: int) -> float:
    """Linear warm-up over 200 steps; half a cosine to zero over the last third of the run.

    Args:
        run: how far it is.
        rate: between the two.
        images: training images of the whole run.
    """
    left = min(1.0, 3 * (1 - run.share(images)))
    return rate * min(1.0, (run.step + 1) / 200) * (0.5 - 0.5 * math.cos(math.pi * left))
