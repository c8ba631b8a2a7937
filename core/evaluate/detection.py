"""What a real-or-synthetic verdict is worth: by family, seen and unseen, clean and re-encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import roc_curve

from core.cards import Card, write_json
from core.data.dataset import DomainData
from core.degradations import DEGRADATIONS
from core.errors import DataError
from core.evaluate import calibration
from core.evaluate.bootstrap import Statistic, with_interval
from core.evaluate.classification import balanced_accuracy, macro_auc
from core.evaluate.intervals import share
from core.evaluate.probe import file_trace_probe
from core.registry import Loaded, Registry
from core.services.generation import generate
from core.training.classifier import predict
from core.training.degrade import degrade_all
from core.training.fakes import CLASSIC, ROUND_TRIP, TEST_SEED, Fakes, round_trips

CURVES: dict[str, tuple[float, ...]] = {
    "jpeg": (100, 90, 75, 60, 50, 40, 30),
    "webp": (90, 75, 50),
    "scale": (0.35, 0.5, 0.75, 1.5),
    "blur": (0.5, 1.0, 1.5),
    "noise": (2, 5, 10),
    "crop": (0.05, 0.1, 0.2),
    "gamma": (0.7, 1.4),
}


def decide(p: float, fitted: dict[str, Any]) -> str:
    """The verdict for a calibrated probability: "real", "synthetic" or "unsure".

    Args:
        p: probability of being synthetic, in [0, 1].
        fitted: a detector card's calibration: `lower` and `upper`, else `threshold`.
    """
    threshold = float(fitted.get("threshold", 0.5))
    if p < float(fitted.get("lower", threshold)):
        return "real"
    return "synthetic" if p >= float(fitted.get("upper", threshold)) else "unsure"


def evaluate(
    registry: Registry, model_id: str, data: DomainData, n: int = 300, draws: int = 1000
) -> dict[str, Any]:
    """Measure a detector on real test images and on fakes that it was not trained on.

    Fakes are drawn afresh: by every generator of the domain among the checkpoints, with seeds
    that no training folder holds, and by the classic recipes from test images. Families that
    the card does not name as trained on are marked `seen: false`.

    Args:
        registry: holds the detector and the generators.
        model_id: the detector.
        data: the domain's images, at the detector's preprocessing.
        n: real images, and images over all families together, at most.
        draws: bootstrap resamples.

    Returns:
        What was written to `metrics.json`.

    Raises:
        DataError: the data was prepared at another size than the model needs.
    """
    card = registry.card(model_id)
    if data.preprocessing.to_dict() != card.preprocess().to_dict():
        raise DataError(f"{model_id} needs images prepared as its card says; reload the data so.")
    judge = _Judge(registry.get(model_id))
    index = np.random.default_rng(0).permutation(data.indices("test"))[:n]
    real = np.asarray(data.images[index])
    fakes = gather(registry, data, card, n)
    synthetic = np.concatenate(list(fakes.values()))
    images, labels = (
        np.concatenate([real, synthetic]),
        np.repeat([0, 1], [len(real), len(synthetic)]),
    )
    again = degrade_all(images, seed=1)
    trained = card.training.get("families", [])
    metrics: dict[str, Any] = {
        "threshold": card.calibration.get("threshold"),
        "validation": card.calibration.get("validation", {}),
        "archives": data.archives,
        "resamples": draws,
        "test": {
            "as_given": measure(judge(images), labels, card.calibration, draws),
            "re_encoded": measure(judge(again), labels, card.calibration, draws),
        },
        "families": _families(judge, fakes, again, labels, real, card, trained, draws),
        "real_classes": _by_class(judge(real), data, index, card),
        "other_sources": other_sources(judge, data, card),
        "curves": curves(judge, images, labels, card),
        "file_trace_probe": file_trace_probe(again, labels),
    }
    write_json(registry.folder(model_id) / "metrics.json", metrics)
    return metrics


class _Judge:
    """Calibrated probability of being synthetic, (N,), by a loaded detector."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded

    def __call__(self, images: np.ndarray) -> np.ndarray:
        card = self.loaded.card
        with self.loaded.lock:
            logits = predict(self.loaded.module, images, card.preprocess(), self.loaded.device)
        temperature = float(card.calibration.get("temperature", 1.0))
        return calibration.probabilities(logits, temperature)[:, 1]


def gather(registry: Registry, data: DomainData, card: Card, n: int) -> dict[str, np.ndarray]:
    """Test fakes by family, about `n` in all: generators, round trips, classic recipes."""
    generators = [c.id for c in registry.cards(data.domain.id, "generator")]
    each = max(1, n // (len(generators) + len(CLASSIC) + 1))
    index = data.indices("test")
    source = Fakes(np.asarray(data.images[index]), data.class_index[index])
    found = {name: source.many(each, TEST_SEED, name)[0] for name in CLASSIC}
    autoencoders = {c.id for c in registry.cards("shared", "autoencoder")}
    wanted = str(card.training.get("config", {}).get("fakes", {}).get("autoencoder", ""))
    for name in sorted(autoencoders & {wanted} or autoencoders)[:1]:
        chosen = np.random.default_rng(2).permutation(index)[:each]
        trip = round_trips(registry, np.asarray(data.images[chosen]), data.preprocessing, name)
        found[ROUND_TRIP] = trip
    for name in generators:
        found[name] = _drawn(registry, data, registry.card(name), each)
    return found


def _drawn(registry: Registry, data: DomainData, card: Card, n: int) -> np.ndarray:
    """About `n` images of a generator, classes in turn, at the data's preprocessing."""
    classes = [c for c in data.domain.class_ids if c in card.classes]
    images = []
    for k, label in enumerate(classes):
        count = n // len(classes) + (k < n % len(classes))
        if count:
            images += generate(
                registry, data.domain.id, card.id, label, count, TEST_SEED + 1000 * k
            )
    return np.stack([data.preprocessing.pixels(image.pixels) for image in images])


def measure(
    p: np.ndarray, labels: np.ndarray, fitted: dict[str, Any], draws: int = 1000
) -> dict[str, Any]:
    """Figures of one set of images, with 95 % intervals.

    Args:
        p: (N,) calibrated probability of being synthetic.
        labels: (N,) 0 for real, 1 for synthetic.
        fitted: the card's calibration.
        draws: bootstrap resamples.
    """
    both = np.stack([1 - p, p], axis=1)
    said = np.array([decide(float(value), fitted) for value in p])
    sure = said != "unsure"
    wrong = sure & ((said == "synthetic") != (labels == 1))
    false, true, _ = roc_curve(labels, p)
    keep = np.unique(np.linspace(0, len(false) - 1, 200).round().astype(int))
    return {
        "n": len(labels),
        **with_interval(_statistics(p, labels, fitted), labels, draws),
        "unsure": share(~sure),
        "wrong_and_sure": share(wrong),
        "reliability": calibration.reliability(both, labels),
        "roc": {"fpr": false[keep].round(5).tolist(), "tpr": true[keep].round(5).tolist()},
    }


def _statistics(p: np.ndarray, labels: np.ndarray, fitted: dict[str, Any]) -> dict[str, Statistic]:
    both = np.stack([1 - p, p], axis=1)
    predicted = (p >= float(fitted.get("threshold", 0.5))).astype(np.int64)
    return {
        "balanced_accuracy": lambda i: balanced_accuracy(predicted[i], labels[i]),
        "auc": lambda i: macro_auc(both[i], labels[i]),
        "average_precision": lambda i: average_precision(p[i], labels[i]),
        "tpr_at_5_fpr": lambda i: tpr_at(p[i], labels[i]),
        "ece": lambda i: calibration.expected_calibration_error(both[i], labels[i]),
    }


def average_precision(p: np.ndarray, labels: np.ndarray) -> float:
    """Area under the precision-recall steps, equal scores taken together, 0 to 1."""
    order = np.argsort(-p, kind="stable")
    found = np.cumsum(labels[order])
    ends = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)  # last of each distinct score
    recall = found[ends] / found[-1]
    return float((np.diff(recall, prepend=0.0) * found[ends] / (ends + 1)).sum())


def tpr_at(p: np.ndarray, labels: np.ndarray, fpr: float = 0.05) -> float:
    """Share of synthetic images found where at most `fpr` of real ones are accused."""
    limit = np.quantile(p[labels == 0], 1 - fpr, method="higher")
    return float((p[labels == 1] > limit).mean())


def _families(
    judge: _Judge,
    fakes: dict[str, np.ndarray],
    again: np.ndarray,
    labels: np.ndarray,
    real: np.ndarray,
    card: Card,
    trained: Sequence[str],
    draws: int,
) -> dict[str, Any]:
    """Each family against the same real images, as given and re-encoded."""
    p_real, p_again = judge(real), judge(again)
    found, start = {}, len(real)
    for name, images in fakes.items():
        own, end = judge(images), start + len(images)
        truth = np.repeat([0, 1], [len(real), len(images)])
        given = np.concatenate([p_real, own])
        coded = np.concatenate([p_again[: len(real)], p_again[start:end]])
        found[name] = {
            "n": len(images),
            "seen": name in trained,
            **_brief(given, truth, card, draws),
            "called_real": share(np.array([decide(v, card.calibration) == "real" for v in own])),
            "re_encoded": {"n": len(images), **_brief(coded, truth, card, draws)},
        }
        start = end
    return found


def _brief(p: np.ndarray, labels: np.ndarray, card: Card, draws: int) -> dict[str, Any]:
    figures = _statistics(p, labels, card.calibration)
    wanted = ("balanced_accuracy", "auc", "tpr_at_5_fpr")
    return with_interval({name: figures[name] for name in wanted}, labels, draws)


def _by_class(p: np.ndarray, data: DomainData, index: np.ndarray, card: Card) -> dict[str, Any]:
    """False alarms among real test images, by class."""
    accused = p >= float(card.calibration.get("threshold", 0.5))
    own = data.class_index[index]
    return {data.domain.class_ids[k]: share(accused[own == k]) for k in np.unique(own)}


def other_sources(judge: _Judge, data: DomainData, card: Card, limit: int = 300) -> dict[str, Any]:
    """False alarms on held-out real images by source: one that fails stands out here."""
    held = np.concatenate([data.indices("test"), data.indices("val")])
    sources, found = np.array([data.items[i].source for i in held]), {}
    for name in np.unique(sources):
        index = held[sources == name][:limit]
        p = judge(np.asarray(data.images[index]))
        found[str(name)] = share(p >= float(card.calibration.get("threshold", 0.5)))
    return found


def curves(
    judge: _Judge, images: np.ndarray, labels: np.ndarray, card: Card
) -> dict[str, list[dict[str, float]]]:
    """Balanced accuracy and AUC along each degradation, at the validation threshold."""
    threshold = float(card.calibration.get("threshold", 0.5))
    found: dict[str, list[dict[str, float]]] = {}
    for name, amounts in CURVES.items():
        for amount in amounts:
            worn = np.stack(
                [DEGRADATIONS[name](x, amount, np.random.default_rng(i)) for i, x in
                 enumerate(images)]
            )  # fmt: skip
            p = judge(worn)
            point = {
                "amount": float(amount),
                "balanced_accuracy": balanced_accuracy((p >= threshold).astype(int), labels),
                "auc": macro_auc(np.stack([1 - p, p], 1), labels),
                "n": len(labels),
            }
            found.setdefault(name, []).append(point)
    return found
