"""What a direction measurably does: to classifier logits, attributes, verdicts and identity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from scipy import stats

from core.errors import CancelledError
from core.latent.directions import Direction, apply
from core.models.base import StyleGenerator

Measure = Callable[[torch.Tensor], np.ndarray]
"""Normalised images (N, C, S, S) to quantities (N, Q)."""

REACH = 3.0  # of a slider to either side, in standard deviations
AMOUNTS = (-REACH, -REACH / 2, 0.0, REACH / 2, REACH)
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


def identity(
    features: np.ndarray, amounts: tuple[float, ...] = AMOUNTS, classes: np.ndarray | None = None
) -> dict[str, Any]:
    """How far a direction leaves the image it started from, in feature space.

    Args:
        features: (amounts, n, F), of the images of `curves`.
        amounts: as given to `curves`.
        classes: (n,) of the latents; two images of one class tell what another image is.

    Returns:
        "curve": mean distance to the unmoved image per amount; "share": that at the far ends as a
        share of the mean distance between two unmoved images of a class, with "low" and "high"
        (95 %, Student's t over latents). A share near 1 means: as different as another image.
    """
    start = features[amounts.index(0.0)]
    away = np.linalg.norm(features - start, axis=2)  # (amounts, n)
    labels = np.zeros(len(start)) if classes is None else classes
    gaps = np.linalg.norm(start[:, None] - start[None], axis=2)
    pairs = (labels[:, None] == labels[None]) & ~np.eye(len(start), dtype=bool)
    other = max(float(gaps[pairs].mean()) if pairs.any() else 0.0, 1e-9)
    shares = (away[0] + away[-1]) / 2 / other
    n = len(shares)
    margin = stats.t.ppf(0.975, max(n - 1, 1)) * shares.std(ddof=1) / np.sqrt(n)
    mean = float(shares.mean())
    return {
        "curve": away.mean(1).tolist(),
        "share": mean,
        "low": mean - float(margin),
        "high": mean + float(margin),
    }


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
