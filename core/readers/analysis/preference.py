"""Which explanation method do readers prefer? The Bradley-Terry model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from core.evaluate.holm import holm
from core.readers.analysis.mrmc import clustered, interval

CONTROL = "random"
PRIOR = 0.25  # comparisons won and lost per pair that nobody made: keeps a clean sweep finite


def bradley_terry(rows: pd.DataFrame) -> dict[str, Any]:
    """Scores on the logit scale with mean zero: P(i preferred to j) = 1 / (1 + exp(sj − si)).

    Maximum likelihood as a logistic regression without intercept (Bradley & Terry 1952; Agresti
    2013, sec. 11.6); intervals allow for answers that share readers and images.

    Returns:
        "methods": best first, {"method", "score", "ci", "wins", "n", "p_control"}; "answers".
    """
    first = np.array([m[0] for m in rows["methods"]])
    second = np.array([m[1] for m in rows["methods"]])
    methods = sorted({*first, *second})
    if len(methods) < 2:
        return {}
    won = (rows["choice"].to_numpy() == first).astype(float)
    readers = pd.factorize(rows["reader"])[0]
    cases = pd.factorize(rows["case"])[0]
    place = {m: i for i, m in enumerate(methods)}
    pairs = np.stack([[place[m] for m in first], [place[m] for m in second]], axis=1)
    scores, influence = fit(pairs, won, len(methods))
    answers = _Answers(scores, influence, readers, cases)
    lines = []
    for i, method in enumerate(methods):
        took = np.concatenate([won[first == method], 1 - won[second == method]])
        lines.append(
            {
                "method": method, "score": float(scores[i]), "ci": answers.interval(i),
                "wins": int(took.sum()), "n": len(took),
            }
        )  # fmt: skip
    _against_control(lines, methods, answers)
    lines.sort(key=lambda line: -line["score"])
    return {"methods": lines, "answers": len(rows), "readers": int(readers.max()) + 1}


@dataclass(frozen=True)
class _Answers:
    """Fitted scores (n,) with every answer's influence on them, (N, n), and who gave it on what."""

    scores: np.ndarray
    influence: np.ndarray
    readers: np.ndarray
    cases: np.ndarray

    def interval(self, at: int) -> list[float]:
        """The interval of one method's score."""
        variance, df = self._spread(self.influence[:, at])
        return interval(float(self.scores[at]), float(np.sqrt(variance)), df)

    def p(self, one: int, other: int) -> float:
        """Two-sided p of the gap between two methods."""
        variance, df = self._spread(self.influence[:, one] - self.influence[:, other])
        gap = abs(self.scores[one] - self.scores[other])
        return float(2 * student.sf(gap / np.sqrt(variance), df)) if variance > 0 else 1.0

    def _spread(self, influence: np.ndarray) -> tuple[float, float]:
        return clustered(influence, self.readers, self.cases, len(self.scores) - 1)


def fit(pairs: np.ndarray, won: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) with mean zero, and each answer's influence on them, (N, n).

    Args:
        pairs: (N, 2) the two methods of each answer.
        won: (N,) 1 where the first was preferred.
        n: number of methods.
    """
    import statsmodels.api as sm  # seconds to import

    x = np.zeros((len(pairs), n))
    rows = np.arange(len(pairs))
    x[rows, pairs[:, 0]] += 1
    x[rows, pairs[:, 1]] -= 1
    extra = np.array([row for i in range(n) for j in range(i) for row in _vote(i, j, n)])
    wins = np.tile([1.0, 0.0], len(extra) // 2)
    weights = np.concatenate([np.ones(len(pairs)), np.full(len(extra), PRIOR)])
    model = sm.GLM(
        np.concatenate([won, wins]),
        np.concatenate([x, extra])[:, 1:],  # the first method is the reference, score 0
        family=sm.families.Binomial(),
        freq_weights=weights,
    )
    found = model.fit()
    centre = np.eye(n)[:, 1:] - 1 / n  # (n, n-1): from differences to scores with mean zero
    residual = won - found.mu[: len(won)]
    information = np.linalg.inv(-model.hessian(found.params))
    influence = (residual[:, None] * x[:, 1:]) @ information @ centre.T
    return centre @ found.params, influence


def _vote(i: int, j: int, n: int) -> Sequence[np.ndarray]:
    row = np.zeros(n)
    row[i], row[j] = 1, -1
    return row, row


def _against_control(lines: list[dict[str, Any]], methods: list[str], answers: _Answers) -> None:
    """Two-sided p of each method against the random map, with Holm's correction."""
    if CONTROL not in methods:
        return
    at = methods.index(CONTROL)
    raw = [answers.p(i, at) for i in range(len(methods)) if i != at]
    others = [line for line in lines if line["method"] != CONTROL]
    for line, p in zip(others, holm(raw)):
        line["p_control"] = p
