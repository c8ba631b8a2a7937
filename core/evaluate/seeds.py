"""One recipe, several seeds: the test figures of each and their spread, kept beside the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluate import calibration
from core.evaluate.classification import balanced_accuracy, macro_auc

FILE = "seeds.json"
FIGURES = ("accuracy", "balanced_accuracy", "auc", "ece", "ece_before")


def figures(logits: np.ndarray, labels: np.ndarray, fitted: dict[str, Any]) -> dict[str, float]:
    """The headline figures of one model on one set, without intervals.

    Args:
        logits: (N, K).
        labels: (N,).
        fitted: `temperature` and, for two classes, `threshold`, from validation.
    """
    p = calibration.probabilities(logits, float(fitted.get("temperature", 1.0)))
    said = calibration.predict(p, fitted.get("threshold"))
    return {
        "accuracy": float((said == labels).mean()),
        "balanced_accuracy": balanced_accuracy(said, labels),
        "auc": macro_auc(p, labels),
        "ece": calibration.expected_calibration_error(p, labels),
        "ece_before": calibration.expected_calibration_error(
            calibration.probabilities(logits), labels
        ),
    }


def on_test_sets(
    logits: np.ndarray, labels: np.ndarray, clean: np.ndarray, fitted: dict[str, Any]
) -> dict[str, dict[str, float]]:
    """`figures` on the official and, where it has images, the de-duplicated test set."""
    found = {"official": figures(logits, labels, fitted)}
    if clean.any():
        found["clean"] = figures(logits[clean], labels[clean], fitted)
    return found


def spread(each: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation (n − 1) of every figure over seeds."""
    table = {k: np.array([e[k] for e in each]) for k in FIGURES}
    return {
        k: {"mean": float(v.mean()), "sd": float(v.std(ddof=1)) if len(v) > 1 else 0.0}
        for k, v in table.items()
    }


def summary(runs: list[dict[str, Any]], chosen: int) -> dict[str, Any]:
    """What `seeds.json` holds.

    Args:
        runs: per seed `seed`, `validation` (log-loss that chose it) and `test` by test set.
        chosen: the seed that is shipped, the best on validation.
    """
    sets = runs[0]["test"]
    return {
        "chosen": chosen,
        "chosen_by": "lowest log-loss on the held-out images of the card",
        "runs": runs,
        "test": {name: spread([r["test"][name] for r in runs]) for name in sets},
    }
