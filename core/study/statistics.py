"""Uncertainty of the study's figures: over test images and over seeds, paired wherever possible.

Balanced accuracy, accuracy and recall are weighted means of "right or wrong", so that all
bootstrap resamples of all cells are one matrix product. The area under the ROC curve goes by the
influence of each test image (DeLong et al. 1988), averaged over one-against-rest areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import norm, rankdata

from core.evaluate.bootstrap import mcnemar

DRAWS = 10_000
LEVEL = 0.95


@dataclass(frozen=True)
class Answers:
    """One cell's answers to N test images.

    Attributes:
        p: (N, K) calibrated probabilities.
        said: (N,) labels, at the threshold where there are two.
        raw: (N, K) probabilities before calibration.
    """

    p: np.ndarray
    said: np.ndarray
    raw: np.ndarray

    def at(self, rows: np.ndarray) -> Answers:
        """The answers to some of the images."""
        return Answers(self.p[rows], self.said[rows], self.raw[rows])


class TestSet:
    """Truth of N test images, with the resamples that all comparisons share.

    Args:
        labels: (N,) true labels.
        draws: bootstrap resamples.
        seed: of the resamples.
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    def __init__(self, labels: np.ndarray, draws: int = DRAWS, seed: int = 0) -> None:
        self.labels, self.draws = labels, draws
        self.present = np.unique(labels)
        rng = np.random.default_rng(seed)
        # (D, N): how often each image is drawn, class counts kept
        self.times = np.zeros((draws, len(labels)), np.float32)
        for k in self.present:
            own = np.flatnonzero(labels == k)
            chances = np.full(len(own), 1 / len(own))
            self.times[:, own] = rng.multinomial(len(own), chances, size=draws)
        self._seed = seed

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """(N,) weights that turn "right" into a figure: accuracy, balanced_accuracy."""
        sizes = np.bincount(self.labels)[self.labels]
        return {
            "accuracy": np.full(len(self.labels), 1 / len(self.labels)),
            "balanced_accuracy": 1 / (sizes * len(self.present)),
        }

    def recall_weights(self, label: int) -> np.ndarray:
        """(N,) weights that turn "right" into one label's recall."""
        own = self.labels == label
        return own / max(1, own.sum())

    def seeds(self, count: int) -> np.ndarray:
        """(D, S) share of each seed in each resample."""
        rng = np.random.default_rng([self._seed, count])
        return rng.multinomial(count, np.full(count, 1 / count), size=self.draws) / count


def level(right: np.ndarray, weights: np.ndarray, test: TestSet) -> dict[str, Any]:
    """Mean over seeds of a figure, its sd over seeds, and a 95 % interval over images and seeds.

    Args:
        right: (S, N) whether each seed's model was right on each image.
        weights: (N,) that turn this into the figure.
        test: the test set.
    """
    values = right @ weights
    drawn = (_resampled(right, weights, test) * test.seeds(len(right))).sum(1)
    return {**spread(values), "ci": limits(drawn)}


def effect(
    one: np.ndarray, other: np.ndarray, weights: np.ndarray, test: TestSet
) -> dict[str, Any]:
    """Difference of two arms, `other` minus `one`, paired by image and by seed.

    Every resample draws images (within classes) and seeds with replacement.

    Args:
        one, other: (S, N) right or wrong; seed s of both started from the same weights.
        weights: (N,) that turn right into the figure.
        test: the test set.

    Returns:
        "value", "ci" and the two-sided bootstrap "p".
    """
    gap = other.astype(np.float32) - one
    drawn = (_resampled(gap, weights, test) * test.seeds(len(gap))).sum(1)
    beyond = min(float((drawn <= 0).mean()), float((drawn >= 0).mean()))
    p = min(1.0, 2 * max(beyond, 1 / (test.draws + 1)))
    return {"value": float((gap @ weights).mean()), "ci": limits(drawn), "p": p}


def _resampled(values: np.ndarray, weights: np.ndarray, test: TestSet) -> np.ndarray:
    """(D, S) figures of every resample and seed."""
    return np.asarray(test.times @ (values * weights).T.astype(np.float32))


def limits(drawn: np.ndarray) -> list[float]:
    """The middle 95 % of resampled figures."""
    tail = (1 - LEVEL) / 2
    return [float(q) for q in np.quantile(drawn, [tail, 1 - tail])]


def spread(values: np.ndarray) -> dict[str, float]:
    """Mean and standard deviation over seeds (0 for one seed)."""
    sd = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(values.mean()), "sd": sd}


def area(p: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Macro one-against-rest area under the ROC curve, and each image's influence on it, (N,).

    Structural components by mid-ranks (Sun & Xu 2014, eq. 9-10); of two classes there is one area.
    """
    columns = [1] if p.shape[1] == 2 else np.unique(labels).tolist()
    total, influence = 0.0, np.zeros(len(labels))
    for k in columns:
        positive = labels == k
        m, n = int(positive.sum()), int((~positive).sum())
        together = rankdata(p[:, k])
        of_positive = (together[positive] - rankdata(p[positive, k])) / n
        of_negative = 1 - (together[~positive] - rankdata(p[~positive, k])) / m
        value = float(of_positive.mean())
        influence[positive] += (of_positive - value) / m
        influence[~positive] += (of_negative - value) / n
        total += value
    return total / len(columns), influence / len(columns)


def area_level(each: list[Answers], test: TestSet) -> dict[str, Any]:
    """Mean area over seeds, its sd, and a 95 % interval over test images."""
    values, influence = zip(*(area(a.p, test.labels) for a in each))
    error = _error(np.mean(influence, axis=0), test.labels)
    mean, z = float(np.mean(values)), float(norm.ppf((1 + LEVEL) / 2))
    ci = [max(0.0, mean - z * error), min(1.0, mean + z * error)]
    return {**spread(np.array(values)), "ci": ci}


def area_effect(one: list[Answers], other: list[Answers], test: TestSet) -> dict[str, Any]:
    """DeLong's test of the difference of mean areas over seeds, `other` minus `one`."""
    first = [area(a.p, test.labels) for a in one]
    second = [area(a.p, test.labels) for a in other]
    gap = float(np.mean([v for v, _ in second]) - np.mean([v for v, _ in first]))
    influence = np.mean([i for _, i in second], axis=0) - np.mean([i for _, i in first], axis=0)
    error, z = _error(influence, test.labels), float(norm.ppf((1 + LEVEL) / 2))
    p = float(2 * norm.sf(abs(gap) / error)) if error > 0 else float(gap == 0)
    return {"value": gap, "ci": [gap - z * error, gap + z * error], "p": p}


def _error(influence: np.ndarray, labels: np.ndarray) -> float:
    """Standard error from influences, as DeLong's variance with n − 1 within each class."""
    total = 0.0
    for k in np.unique(labels):
        own = influence[labels == k]
        if len(own) > 1:
            total += float(((own - own.mean()) ** 2).sum()) * len(own) / (len(own) - 1)
    return float(np.sqrt(total))


def vote(each: list[Answers]) -> np.ndarray:
    """(N,) the label most seeds said; the lower label where they tie."""
    classes = each[0].p.shape[1]
    votes = np.stack([np.eye(classes, dtype=int)[a.said] for a in each]).sum(0)
    return np.asarray(votes.argmax(1))


def voted_mcnemar(one: list[Answers], other: list[Answers], test: TestSet) -> dict[str, Any]:
    """McNemar's exact test between the majority votes of two arms' seeds."""
    return mcnemar(vote(one) == test.labels, vote(other) == test.labels)
