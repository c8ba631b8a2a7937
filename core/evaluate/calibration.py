"""Probabilities that mean what they say: temperature, thresholds and calibration error."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

BINS = 15


def log_loss(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood in nats of (N, K) logits over the temperature."""
    scores = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-scores[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The one temperature that minimises log-loss on held-out data (Guo et al. 2017, eq. 9).

    Args:
        logits: (N, K) of validation images.
        labels: (N,) true classes.

    Returns:
        Temperature in [0.05, 20]; above 1 the model was over-confident.
    """
    found = minimize_scalar(
        lambda log_t: log_loss(logits, labels, float(np.exp(log_t))),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


def probabilities(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(N, K) logits to probabilities (N, K) float64."""
    return np.asarray(softmax(logits.astype(np.float64) / temperature, axis=1))


def best_threshold(positive: np.ndarray, labels: np.ndarray) -> float:
    """The threshold on P(positive) with the best balanced accuracy.

    Where a whole range of thresholds is equally good, the middle of the widest such range in
    log-odds is taken, so that the choice does not hang on one validation image.

    Args:
        positive: (N,) probability of class 1.
        labels: (N,) 0 or 1, both present.
    """
    odds = _log_odds(positive)
    order = np.argsort(odds, kind="stable")
    sorted_odds, truth = odds[order], labels[order].astype(bool)
    # cut i puts the i lowest scores below the threshold
    missed = np.concatenate([[0], np.cumsum(truth)]) / truth.sum()
    spared = np.concatenate([[0], np.cumsum(~truth)]) / (~truth).sum()
    score = (1 - missed + spared) / 2
    low = np.concatenate([[sorted_odds[0] - 1], sorted_odds])
    high = np.concatenate([sorted_odds, [sorted_odds[-1] + 1]])
    score[high <= low] = -1  # no threshold separates equal scores
    best = np.flatnonzero(score >= score.max() - 1e-12)
    cut = best[np.argmax((high - low)[best])]
    return float(1 / (1 + np.exp(-(low[cut] + high[cut]) / 2)))


def _log_odds(p: np.ndarray) -> np.ndarray:
    p = np.clip(p.astype(np.float64), 1e-12, 1 - 1e-12)
    return np.asarray(np.log(p) - np.log1p(-p))


def predict(p: np.ndarray, threshold: float | None = None) -> np.ndarray:
    """(N, K) probabilities to class indices: the threshold on class 1 for K = 2, else argmax."""
    if p.shape[1] == 2 and threshold is not None:
        return (p[:, 1] >= threshold).astype(np.int64)
    return np.asarray(p.argmax(axis=1))


def reliability(p: np.ndarray, labels: np.ndarray, bins: int = BINS) -> list[dict[str, float]]:
    """Points of the reliability diagram of the most likely class (Guo et al. 2017, section 2).

    Returns:
        For each filled bin of equal width: mean `confidence`, `accuracy`, and its size `n`.
    """
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "confidence": float(confidence[place == b].mean()),
            "accuracy": float(correct[place == b].mean()),
            "n": int((place == b).sum()),
        }
        for b in np.unique(place)
    ]


def expected_calibration_error(p: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """ECE of the most likely class with bins of equal width (Guo et al. 2017, eq. 3), 0 to 1."""
    gaps = (abs(b["confidence"] - b["accuracy"]) * b["n"] for b in reliability(p, labels, bins))
    return float(sum(gaps) / len(labels))


def conformal_thresholds(
    p_synthetic: np.ndarray, labels: np.ndarray, alpha: float = 0.05
) -> tuple[float, float]:
    """Bounds of the class-conditional conformal set of a yes-no question (Vovk 2012).

    An image of either class is left out of its own set in at most a share `alpha` of draws like
    the calibration set. The set holds "synthetic" where p ≥ lower, "real" where p ≤ upper.

    Args:
        p_synthetic: (N,) probability of class 1 on held-out images.
        labels: (N,) 0 for real, 1 for synthetic.
        alpha: tolerated share of errors per class.

    Returns:
        (lower, upper): "real" alone below lower, "synthetic" alone above upper. When the classes
        part so well that lower > upper, both are their midpoint and nothing is left undecided.
    """
    real, fake = np.sort(p_synthetic[labels == 0]), np.sort(p_synthetic[labels == 1])
    low_rank = int(np.floor(alpha * (len(fake) + 1))) - 1
    high_rank = int(np.ceil((1 - alpha) * (len(real) + 1))) - 1
    lower = float(fake[low_rank]) if low_rank >= 0 else 0.0
    upper = float(real[high_rank]) if high_rank < len(real) else 1.0
    if lower > upper:
        lower = upper = (lower + upper) / 2
    return lower, upper
