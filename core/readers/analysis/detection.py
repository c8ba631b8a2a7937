"""Real or synthetic? What readers can tell, against chance and against the detector."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.evaluate.bootstrap import mcnemar, placements
from core.readers.analysis import mrmc
from core.readers.analysis.exact import mid_p_value, share
from core.readers.analysis.mrmc import UNIT
from core.readers.analysis.tables import by_case, grid


def detection(rows: pd.DataFrame) -> dict[str, Any]:
    """Figures of the visual Turing test; "synthetic" is the positive answer.

    Args:
        rows: answers to the task, as `core.readers.records.frame` gives them.

    Returns:
        "accuracy", "sensitivity", "specificity", "d_prime" and "auc" over readers and cases, and
        "versus_detector" on the same cases.
    """
    scores, _, cases = grid(rows, rows["score"])
    truth = (by_case(rows, "truth", cases) == "synthetic").astype(int)
    said, _, _ = grid(rows, (rows["choice"] == "synthetic").astype(float))
    right = np.where(np.isnan(said), np.nan, (said == truth).astype(float))
    accuracy = mrmc.pooled(*mrmc.means(right, truth)[1:], UNIT, truth)
    accuracy["p_chance"] = mrmc.p_value(accuracy, 0.5, UNIT)
    rates = {
        "sensitivity": mrmc.pooled(*mrmc.means(right[:, truth == 1])[1:], UNIT),
        "specificity": mrmc.pooled(*mrmc.means(right[:, truth == 0])[1:], UNIT),
    }
    return {
        "accuracy": accuracy, **rates,
        "d_prime": mrmc.pooled(*d_primes(said, truth), None, truth),
        "auc": mrmc.pooled(*areas(scores, truth), UNIT, truth),
        "versus_detector": versus(rows, right, truth, cases),
    }  # fmt: skip


def reader_lines(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The same figures for each reader on their own, with exact intervals."""
    scores, readers, cases = grid(rows, rows["score"])
    truth = (by_case(rows, "truth", cases) == "synthetic").astype(int)
    said, _, _ = grid(rows, (rows["choice"] == "synthetic").astype(float))
    return [
        _line(rows[rows["reader"] == number], scores[i], said[i], truth, number)
        for i, number in enumerate(readers)
    ]


def d_primes(said: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """d′ = z(hits) − z(false alarms) of each reader, with influence values.

    Half an answer is added to either kind (Hautus 1995), so that perfect readers have a figure;
    influence values follow by the delta method, without the half answers' shrinkage.

    Args:
        said: (R, C) 1 for "synthetic", 0 for "real", NaN for no answer.
        truth: (C,) 1 for synthetic.
    """
    values, influence = [], []
    for row in said:
        value, effect = 0.0, np.zeros(len(truth))
        for kind, sign in ((1, 1.0), (0, -1.0)):
            own = (truth == kind) & ~np.isnan(row)
            n = int(own.sum())
            if n < 2:
                break
            rate = (row[own].sum() + 0.5) / (n + 1)
            z = float(norm.ppf(rate))
            value += sign * z
            spread = (row[own] - row[own].mean()) * np.sqrt(n / (n - 1)) / n
            effect[own] = sign * spread / norm.pdf(z)
        else:
            values.append(value)
            influence.append(effect)
    return np.array(values), np.array(influence).reshape(len(values), len(truth))


def areas(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area under the ROC curve of each reader's confidence, with DeLong's components.

    Args:
        scores: (R, C) ratings from surely real to surely synthetic, NaN for no answer.
        truth: (C,) 1 for synthetic.
    """
    values, influence = [], []
    for row in scores:
        seen = np.flatnonzero(~np.isnan(row))
        kinds = truth[seen]
        m, n = int(kinds.sum()), int((1 - kinds).sum())
        if m < 2 or n < 2:
            continue
        area, of_positive, of_negative = placements(row[seen], kinds)
        effect = np.zeros(len(truth))
        effect[seen[kinds == 1]] = (of_positive - area) / np.sqrt(m * (m - 1))
        effect[seen[kinds == 0]] = (of_negative - area) / np.sqrt(n * (n - 1))
        values.append(area)
        influence.append(effect)
    return np.array(values), np.array(influence).reshape(len(values), len(truth))


def versus(
    rows: pd.DataFrame, right: np.ndarray, truth: np.ndarray, cases: list[int]
) -> dict[str, Any]:
    """Readers minus detector, in accuracy, on the cases that both judged; {} without a detector."""
    calls = by_case(rows, "detector_call", cases)
    judged = np.array([isinstance(c, str) for c in calls])
    if judged.sum() < 2:
        return {}
    own = np.array([c == "synthetic" for c in calls[judged]]) == (truth[judged] == 1)
    gap = right[:, judged] - own
    found = mrmc.pooled(*mrmc.means(gap, truth[judged])[1:], (-1.0, 1.0), truth[judged])
    return {
        "difference": found | {"p": mrmc.p_value(found, 0.0)},
        "detector": share(int(own.sum()), len(own)),
        "mcnemar": _majority(right[:, judged], own),
    }


def _majority(right: np.ndarray, own: np.ndarray) -> dict[str, Any]:
    """The readers' majority against the detector (McNemar's exact test); ties count for nobody."""
    mean = np.nanmean(right, axis=0)
    clear = ~np.isnan(mean) & (mean != 0.5)
    return mcnemar(mean[clear] > 0.5, own[clear]) | {"cases": int(clear.sum())}


def _line(
    rows: pd.DataFrame, scores: np.ndarray, said: np.ndarray, truth: np.ndarray, number: int
) -> dict[str, Any]:
    seen = ~np.isnan(said)
    right = said[seen] == truth[seen]
    hits, wrong = right[truth[seen] == 1], right[truth[seen] == 0]
    d_prime, area = d_primes(said[None], truth)[0], areas(scores[None], truth)[0]
    return {
        "reader": number, "role": rows["role"].iloc[0], "years": int(rows["years"].iloc[0]),
        "accuracy": share(int(right.sum()), len(right)),
        "p_chance": mid_p_value(int(right.sum()), len(right)),
        "sensitivity": share(int(hits.sum()), len(hits)),
        "specificity": share(int(wrong.sum()), len(wrong)),
        "d_prime": float(d_prime[0]) if len(d_prime) else None,
        "auc": float(area[0]) if len(area) else None,
        "median_seconds": _median(rows["seconds"]),
    }  # fmt: skip


def _median(seconds: pd.Series) -> float | None:
    known = seconds.dropna()
    return float(known.median()) if len(known) else None
