"""What a direction measurably does: to classifier logits, attributes, verdicts and identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from scipy import stats

from core.errors import CancelledError
from core.latent.directions import Direction, apply
from core.models.base import StyleGenerator

Measure = Callable[[torch.Tensor], np.ndarray]
"""Normalised images (N, C, S, S) to quantities (N, Q)."""

AMOUNTS = (-2.0, -1.0, 0.0, 1.0, 2.0)
SMALL = 0.2  # Cohen 1988: below this share of a deviation an effect is negligible


@dataclass(frozen=True)
class Effect:
    """Change of one quantity along one direction.

    Attributes:
        quantity: its name.
        slope: mean change per standard deviation moved.
        low, high: 95 % confidence interval of the slope over latents (Student's t).
        standardised: slope divided by the quantity's deviation over unmoved images.
        monotone: whether the mean only rises or only falls over the whole range of the slider.
        curve: mean change against the unmoved images, one per amount.
    """

    quantity: str
    slope: float
    low: float
    high: float
    standardised: float
    monotone: bool
    curve: tuple[float, ...]

    @property
    def significant(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0

    def to_dict(self) -> dict[str, object]:
        """For the table that is shipped beside a checkpoint."""
        return {**asdict(self), "significant": self.significant}


@torch.no_grad()
def curves(
    generator: StyleGenerator,
    direction: Direction,
    w: torch.Tensor,
    measure: Measure,
    amounts: tuple[float, ...] = AMOUNTS,
    progress: Callable[[float], bool] | None = None,
) -> np.ndarray:
    """Measure the quantities of n latents at every amount, (amounts, n, Q).

    Args:
        generator: draws the images.
        direction: where to move.
        w: (n, layers, w_dim).
        measure: what to measure.
        amounts: in the direction's standard deviations; 0 must be among them.
        progress: told the share done; returns False to cancel.

    Raises:
        CancelledError: `progress` returned False.
    """
    rows = []
    for done, amount in enumerate(amounts):
        moved = apply(w, [(direction, amount)])
        rows.append(
            np.concatenate([measure(generator.synthesise(part)) for part in moved.split(16)])
        )
        if progress and not progress((done + 1) / len(amounts)):
            raise CancelledError("Cancelled.")
    return np.stack(rows)


def effects(
    measured: np.ndarray, quantities: list[str], amounts: tuple[float, ...] = AMOUNTS
) -> list[Effect]:
    """Summarise `curves` as one effect per quantity.

    The slope is fitted per latent by least squares, so that the interval tells how sure the
    mean effect is over latents, not over images of the same latent.

    Args:
        measured: (amounts, n, Q).
        quantities: Q names.
        amounts: as given to `curves`.
    """
    x = np.asarray(amounts)
    centre = x - x.mean()
    slopes = np.einsum("a,anq->nq", centre, measured) / (centre**2).sum()
    start = measured[amounts.index(0.0)]
    change = (measured - start).mean(1)  # (amounts, Q)
    n = len(slopes)
    mean = slopes.mean(0)
    margin = stats.t.ppf(0.975, max(n - 1, 1)) * slopes.std(0, ddof=1) / np.sqrt(n)
    deviation = np.maximum(start.std(0), 1e-9)
    steps = np.diff(change, axis=0)
    monotone = (steps > 0).all(0) | (steps < 0).all(0)
    return [
        Effect(
            quantity=name,
            slope=float(mean[q]),
            low=float(mean[q] - margin[q]),
            high=float(mean[q] + margin[q]),
            standardised=float(mean[q] / deviation[q]),
            monotone=bool(monotone[q]),
            curve=tuple(change[:, q].tolist()),
        )
        for q, name in enumerate(quantities)
    ]


def name_by_effect(found: list[Effect]) -> str:
    """Name of a direction: its strongest significant, monotone effect, or that there is none."""
    sure = [e for e in found if e.significant and e.monotone and abs(e.standardised) >= SMALL]
    if not sure:
        return "no clear effect"
    strongest = max(sure, key=lambda e: abs(e.standardised))
    return f"{'more' if strongest.slope > 0 else 'less'} {strongest.quantity}"


def entanglement(found: list[Effect]) -> int:
    """How many quantities a direction moves: significant, and not negligibly (Cohen 1988)."""
    return sum(e.significant and abs(e.standardised) >= SMALL for e in found)
