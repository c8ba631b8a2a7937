"""What a classifier is worth on images it never saw: the figures behind cards and pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_curve

from core.cards import Card, write_json
from core.data.dataset import DomainData
from core.errors import DataError
from core.evaluate import calibration
from core.evaluate.bootstrap import (
    RESAMPLES,
    Statistic,
    delong,
    mcnemar,
    paired_difference,
    with_interval,
)
from core.evaluate.logits import predict
from core.registry import Registry

PREDICTIONS = "predictions.json"
_CURVE_POINTS = 200


def evaluate(
    registry: Registry, model_id: str, data: DomainData, draws: int = RESAMPLES
) -> dict[str, Any]:
    """Measure a classifier on the official and the de-duplicated test set.

    Writes `metrics.json` and `predictions.json` (test probabilities by image index, so that two
    models can be compared on the same images) beside the checkpoint. Temperature and threshold
    are the card's, fitted on validation.

    Args:
        registry: where the model is.
        model_id: a classifier of the data's domain.
        data: the domain's images, at the card's preprocessing.
        draws: bootstrap resamples.

    Raises:
        DataError: the data was prepared at another size than the model needs.
    """
    card = registry.card(model_id)
    if data.preprocessing.to_dict() != card.preprocess().to_dict():
        raise DataError(f"{card.id} needs images prepared as its card says; reload the data so.")
    task = task_of(card, data)
    index = data.indices("test", task)
    labels, clean = data.labels(task)[index], data.clean_test[index]
    loaded = registry.get(card.id)
    with loaded.lock:
        logits = predict(loaded.module, data.images[index], card.preprocess(), loaded.device)
    metrics: dict[str, Any] = {
        "task": task,
        "classes": card.classes,
        "threshold": card.calibration.get("threshold"),
        "temperature": card.calibration.get("temperature"),
        "validation": card.calibration.get("validation", {}),
        "archives": data.archives,
        "resamples": draws,
        "test": {"official": measure(logits, labels, card.calibration, draws)},
    }
    if clean.any():
        metrics["test"]["clean"] = measure(logits[clean], labels[clean], card.calibration, draws)
    folder = registry.folder(card.id)
    write_json(folder / "metrics.json", metrics)
    p = calibration.probabilities(logits, float(card.calibration.get("temperature", 1.0)))
    content = {"index": index.tolist(), "label": labels.tolist(), "clean": clean.tolist()}
    content |= {"probabilities": np.round(p, 5).tolist()}
    (folder / PREDICTIONS).write_text(json.dumps(content) + "\n")
    return metrics


def task_of(card: Card, data: DomainData) -> str:
    """The labelling a classifier was trained for: as its card says, else by its classes.

    Raises:
        DataError: the domain has no such task.
    """
    if named := card.training.get("task"):
        return str(named)
    for task in data.domain.tasks:
        if tuple(card.classes) == task.labels:
            return task.id
    raise DataError(f"The classes of {card.id} are those of no task of {data.domain.name}.")


def measure(
    logits: np.ndarray, labels: np.ndarray, fitted: dict[str, Any], draws: int = RESAMPLES
) -> dict[str, Any]:
    """All figures of one test set.

    Args:
        logits: (N, K).
        labels: (N,) true classes.
        fitted: `temperature` and, for two classes, `threshold`, from validation.
        draws: bootstrap resamples.

    Returns:
        `n`; accuracy, balanced_accuracy, auc, ece and ece_before with intervals; per_class
        (recall, f1, n); confusion[true][predicted]; roc by class; reliability before and after.
    """
    p = calibration.probabilities(logits, float(fitted.get("temperature", 1.0)))
    raw = calibration.probabilities(logits)
    predicted = calibration.predict(p, fitted.get("threshold"))
    statistics: dict[str, Statistic] = {
        "accuracy": lambda i: float((predicted[i] == labels[i]).mean()),
        "balanced_accuracy": lambda i: balanced_accuracy(predicted[i], labels[i]),
        "auc": lambda i: macro_auc(p[i], labels[i]),
        "ece": lambda i: calibration.expected_calibration_error(p[i], labels[i]),
        "ece_before": lambda i: calibration.expected_calibration_error(raw[i], labels[i]),
    }
    return {
        "n": len(labels),
        **with_interval(statistics, labels, draws),
        "per_class": _per_class(predicted, labels, p.shape[1], draws),
        "confusion": confusion(predicted, labels, p.shape[1]).tolist(),
        "roc": _roc(p, labels),
        "reliability": calibration.reliability(p, labels),
        "reliability_before": calibration.reliability(raw, labels),
    }


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """(K, K) counts, rows true and columns predicted."""
    table = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return np.asarray(table.reshape(classes, classes))


def balanced_accuracy(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Mean recall over the classes present."""
    hits = predicted == labels
    totals = np.bincount(labels)
    recalls = np.bincount(labels, weights=hits)[totals > 0] / totals[totals > 0]
    return float(recalls.mean())


def macro_auc(p: np.ndarray, labels: np.ndarray) -> float:
    """Mean one-against-rest area under the ROC curve over the classes present."""
    # of two classes both areas are the same
    columns = [1] if p.shape[1] == 2 else np.unique(labels)
    return float(np.mean([_auc(p[:, k], labels == k) for k in columns]))


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve as the Mann-Whitney statistic, ties counted half."""
    high, low = scores[positive], np.sort(scores[~positive])
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / 2 / max(1, len(low)))


def _per_class(
    predicted: np.ndarray, labels: np.ndarray, classes: int, draws: int
) -> list[dict[str, Any]]:
    rows = []
    for k in range(classes):
        said, true = predicted == k, labels == k
        n = int(true.sum())
        rows.append({"n": n, **(_one_class(said, true, labels, draws) if n else {})})
    return rows


def _one_class(
    said: np.ndarray, true: np.ndarray, labels: np.ndarray, draws: int
) -> dict[str, dict[str, Any]]:
    own: dict[str, Statistic] = {
        "recall": lambda i: float(said[i][true[i]].mean()),
        "f1": lambda i: _f1(said[i], true[i]),
    }
    return with_interval(own, labels, draws)


def _f1(predicted: np.ndarray, true: np.ndarray) -> float:
    total = predicted.sum() + true.sum()
    return float(2 * (predicted & true).sum() / total) if total else 0.0


def _roc(p: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, list[float]]]:
    """One curve per class against the rest, thinned: false and true positive rates."""
    curves = {}
    for k in [1] if p.shape[1] == 2 else np.unique(labels):
        false, true, _ = roc_curve(labels == k, p[:, k])
        keep = np.unique(np.linspace(0, len(false) - 1, _CURVE_POINTS).round().astype(int))
        curves[str(k)] = {
            "fpr": false[keep].round(5).tolist(),
            "tpr": true[keep].round(5).tolist(),
        }
    return curves


def read_predictions(folder: Path) -> dict[str, np.ndarray] | None:
    """What `evaluate` kept of each test image, or None: index, label, clean, probabilities."""
    path = folder / PREDICTIONS
    if not path.exists():
        return None
    return {k: np.array(v) for k, v in json.loads(path.read_text()).items()}


def compare(
    registry: Registry, one: str, other: str, clean: bool = False, draws: int = RESAMPLES
) -> dict[str, Any]:
    """Two classifiers on the same test images: who is better, and is it more than chance?

    Args:
        registry: where both are.
        one, other: ids of two classifiers; differences are `other` minus `one`.
        clean: on the de-duplicated part only.
        draws: bootstrap resamples.

    Returns:
        `n`; balanced_accuracy, accuracy and auc differences with interval and p; McNemar's test;
        DeLong's test for two classes; `disagree`, the indices where the answers differ.

    Raises:
        DataError: no stored predictions, or of different test images.
    """
    found = [read_predictions(registry.folder(model_id)) for model_id in (one, other)]
    if found[0] is None or found[1] is None:
        raise DataError("Run 'python -m core evaluate classifier' for both models first.")
    first, second = found[0], found[1]
    same = np.array_equal(first["index"], second["index"])
    if not same or not np.array_equal(first["label"], second["label"]):
        raise DataError(f"{one} and {other} were evaluated on different test images.")
    keep = first["clean"] if clean else np.ones(len(first["label"]), bool)
    p, q = first["probabilities"][keep], second["probabilities"][keep]
    cards = registry.card(one), registry.card(other)
    return _compare(p, q, first["label"][keep], first["index"][keep], *cards, draws)


def _compare(
    p: np.ndarray,
    q: np.ndarray,
    labels: np.ndarray,
    index: np.ndarray,
    one: Card,
    other: Card,
    draws: int,
) -> dict[str, Any]:
    said = calibration.predict(p, one.calibration.get("threshold"))
    replied = calibration.predict(q, other.calibration.get("threshold"))
    pairs: dict[str, tuple[Statistic, Statistic]] = {
        "accuracy": (
            lambda i: float((said[i] == labels[i]).mean()),
            lambda i: float((replied[i] == labels[i]).mean()),
        ),
        "balanced_accuracy": (
            lambda i: balanced_accuracy(said[i], labels[i]),
            lambda i: balanced_accuracy(replied[i], labels[i]),
        ),
        "auc": (lambda i: macro_auc(p[i], labels[i]), lambda i: macro_auc(q[i], labels[i])),
    }
    result: dict[str, Any] = {"one": one.id, "other": other.id, "n": len(labels)}
    result |= {k: paired_difference(a, b, labels, draws) for k, (a, b) in pairs.items()}
    result["mcnemar"] = mcnemar(said == labels, replied == labels)
    if p.shape[1] == 2:
        result["delong"] = delong(p[:, 1], q[:, 1], labels)
    result["disagree"] = index[said != replied].tolist()
    return result
