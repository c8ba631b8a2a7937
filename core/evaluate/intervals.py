"""Confidence intervals of shares and means."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a binomial share (Wilson 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return round(max(float(centre - half), 0.0), 6), round(min(float(centre + half), 1.0), 6)


def share(hits: np.ndarray) -> dict[str, float | int | list[float]]:
    """A share with its 95 % interval, as metrics files hold it: {"rate", "ci", "k", "n"}."""
    k, n = int(np.sum(hits)), len(hits)
    return {"rate": k / n if n else float("nan"), "ci": list(wilson(k, n)), "k": k, "n": n}


def bootstrap_mean(values: np.ndarray, draws: int = 1000, seed: int = 0) -> list[float]:
    """95 % percentile interval of a mean from `draws` resamples."""
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (draws, len(values)))].mean(1)
    return [float(q) for q in np.quantile(means, (0.025, 0.975))]
