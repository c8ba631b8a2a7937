"""How many readers and cases a study needs: the power of the tests that the analysis makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit
from scipy.stats import nct
from scipy.stats import t as student

from core.readers.database import StudyError

CHANCE, GAIN = "chance", "gain"
KINDS = {
    CHANCE: "accuracy against a fixed value, such as chance",
    GAIN: "change in accuracy with the model, same readers and cases",
}


@dataclass(frozen=True)
class Assumptions:
    """What has to be guessed, or taken from a pilot study.

    Attributes:
        kind: one of `KINDS`.
        effect: difference to find: accuracy less the fixed value, or the gain.
        null: the fixed value, for "chance".
        reader_sd: deviation of true accuracies (or gains) between readers.
        shared: correlation of two readers' answers to the same case, 0 to 1.
        changed: for "gain", the share of answers that change for better or worse.
        alpha: level of the two-sided test.
    """

    kind: str = CHANCE
    effect: float = 0.1
    null: float = 0.5
    reader_sd: float = 0.06
    shared: float = 0.15
    changed: float = 0.2
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Refuse impossible assumptions.

        Raises:
            StudyError: one sentence on what to change.
        """
        if self.kind not in KINDS or not 0 < abs(self.effect) < 1:
            raise StudyError("Give an effect between 0 and 1, against chance or as a gain.")
        if self.kind == CHANCE and not 0 < self.null + self.effect < 1:
            raise StudyError("The fixed value plus the effect must lie between 0 and 1.")
        if self.kind == GAIN and not abs(self.effect) <= self.changed <= 1:
            raise StudyError("At least as many answers must change as the effect is large.")
        if not (self.reader_sd >= 0 and 0 <= self.shared <= 1 and 0 < self.alpha < 1):
            raise StudyError("Deviations are 0 or more; correlation and level between 0 and 1.")

    @property
    def variance(self) -> float:
        """Variance of one answer's contribution about its reader's mean."""
        if self.kind == CHANCE:
            p = self.null + self.effect
            return p * (1 - p)
        return self.changed - self.effect**2

    @property
    def gap(self) -> float:
        """The effect as the test sees it: of a share on the logit scale, in units of the share."""
        if self.kind == GAIN:
            return self.effect
        p = self.null + self.effect
        return float((logit(p) - logit(self.null)) * p * (1 - p))


def power(readers: int, cases: int, assumed: Assumptions) -> float:
    """Power of the multi-reader multi-case t test of `core.readers.analysis.mrmc`.

    With per-answer variance v, correlation r and deviation s between readers, readers' figures
    vary by s² + (1 − r) v / C, and share r v / C through the cases (Obuchowski & Rockette 1995;
    sizes as in Hillis, Obuchowski & Berbaum 2011).

    Raises:
        StudyError: fewer than 2 readers or cases.
    """
    if readers < 2 or cases < 2:
        raise StudyError("A study over readers and cases needs at least two of each.")
    among = assumed.reader_sd**2 + (1 - assumed.shared) * assumed.variance / cases
    shared = readers * assumed.shared * assumed.variance / cases
    error = float(np.sqrt((among + shared) / readers))
    df = (among + shared) ** 2 / (among**2 / (readers - 1) + shared**2 / (cases - 1))
    limit = float(student.ppf(1 - assumed.alpha / 2, df))
    shift = abs(assumed.gap) / error
    return float(np.clip(nct.sf(limit, df, shift) + nct.cdf(-limit, df, shift), 0.0, 1.0))


def table(
    assumed: Assumptions, readers: Sequence[int], cases: Sequence[int]
) -> list[dict[str, Any]]:
    """Power of every combination: {"readers", "cases", "power"}."""
    return [
        {"readers": r, "cases": c, "power": power(r, c, assumed)} for r in readers for c in cases
    ]


def smallest(
    assumed: Assumptions, wanted: float = 0.8, most_readers: int = 60, most_cases: int = 500
) -> list[dict[str, Any]]:
    """For each number of readers, the fewest cases that reach a power; as few lines as differ.

    Returns:
        {"readers", "cases", "power"} each; empty where no design in range reaches it.
    """
    found: list[dict[str, Any]] = []
    for readers in range(2, most_readers + 1):
        if power(readers, most_cases, assumed) < wanted:
            continue
        low, high = 2, most_cases
        while low < high:
            middle = (low + high) // 2
            if power(readers, middle, assumed) >= wanted:
                high = middle
            else:
                low = middle + 1
        if not found or low < found[-1]["cases"]:
            found.append({"readers": readers, "cases": low, "power": power(readers, low, assumed)})
    return found
