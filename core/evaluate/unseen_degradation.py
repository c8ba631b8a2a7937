"""Leave-one-degradation-out: what a detector says of images worn in a way it never trained on.

For each kind of degradation a detector is trained and calibrated without it, then walked along
it. The shipped detector, which did train on it, walks the same images beside it: the difference
is what not knowing costs. The detectors trained here are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.cards import Card, write_json
from core.data.dataset import DomainData
from core.degradations import DEGRADATIONS
from core.errors import DataError
from core.evaluate import calibration
from core.evaluate.bootstrap import with_interval
from core.evaluate.classification import balanced_accuracy
from core.evaluate.detection import CURVES, decide, gather
from core.evaluate.leave_one_out import digest, earlier
from core.evaluate.logits import predict
from core.registry import Registry
from core.training.detector import fit
from core.training.run import Run

FILE = "unseen_degradation.json"
KINDS = ("jpeg", "scale", "noise")
"""The common ways to a person: re-encoding, resizing, a noisy photograph of a screen."""

Progress = Callable[[str], None]
Judge = Callable[[np.ndarray], np.ndarray]


def evaluate(
    registry: Registry,
    config: dict[str, Any],
    data: DomainData,
    out: Path,
    budget: float | None = None,
    kinds: Sequence[str] = KINDS,
    n: int = 300,
    draws: int = 1000,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Train one detector without each kind and walk it along that kind; finished kinds are kept.

    Args:
        registry: holds the domain's detector and generators.
        config: of that detector.
        data: the domain's images, at the detector's preprocessing.
        out: folder for the runs.
        budget: seconds of training per kind.
        kinds: names of degradations, see `CURVES`.
        n: real test images at most, and synthetic ones over all families.
        draws: bootstrap resamples.
        progress: called with a line per step.

    Raises:
        DataError: no such degradation.

    Returns:
        What was written to `unseen_degradation.json` beside the detector: `kinds` by name, each
        with its `curve` of amounts; a point has balanced accuracy with its interval, the share
        called unsure, and the same of the shipped detector as `trained_on_it`.
    """
    if unknown := [kind for kind in kinds if kind not in CURVES]:
        raise DataError(f"No degradation '{unknown[0]}'; choose of: {', '.join(CURVES)}.")
    card = registry.card(config["id"])
    path, mark = registry.folder(card.id) / FILE, digest(config, card)
    found = earlier(path, mark, "kinds")
    wanted = [kind for kind in kinds if kind not in found]
    if not wanted:
        return {"digest": mark, "kinds": found}
    images, labels = _asked(registry, data, card, n)
    for kind in wanted:
        progress(f"training without {kind}")
        own = config | {"fakes": config.get("fakes", {}) | {"degradation_left_out": kind}}
        run = Run(out / f"without-{kind}", own, time_budget=budget)
        fitted = fit(own, data, run)
        judges = (
            (_judge(fitted.module, data, fitted.calibration), fitted.calibration),
            (_shipped(registry, data, card), card.calibration),
        )
        curve = [_point(kind, a, images, labels, judges, draws) for a in (None, *CURVES[kind])]
        found[kind] = {
            "images_seen": run.images_seen, "seconds": round(run.seconds), "curve": curve
        }  # fmt: skip
        write_json(path, {"digest": mark, "kinds": found})
    return {"digest": mark, "kinds": found}


def _asked(
    registry: Registry, data: DomainData, card: Card, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Test images, real then synthetic of every family, (M, S, S, C), and labels (M,)."""
    index = np.random.default_rng(0).permutation(data.indices("test"))[:n]
    real = np.asarray(data.images[index])
    fakes = np.concatenate(list(gather(registry, data, card, n).values()))
    return np.concatenate([real, fakes]), np.repeat([0, 1], [len(real), len(fakes)])


def _judge(module: Any, data: DomainData, fitted: dict[str, Any]) -> Judge:
    device = next(module.parameters()).device

    def probability(images: np.ndarray) -> np.ndarray:
        logits = predict(module, images, data.preprocessing, device)
        return calibration.probabilities(logits, float(fitted.get("temperature", 1.0)))[:, 1]

    return probability


def _shipped(registry: Registry, data: DomainData, card: Card) -> Judge:
    loaded = registry.get(card.id)

    def probability(images: np.ndarray) -> np.ndarray:
        with loaded.lock:
            return _judge(loaded.module, data, card.calibration)(images)

    return probability


def _point(
    kind: str, amount: float | None, images: np.ndarray, labels: np.ndarray,
    judges: Sequence[tuple[Judge, dict[str, Any]]], draws: int,
) -> dict[str, Any]:  # fmt: skip
    """One amount (None: as given), by the detector that never saw the kind and by the shipped."""
    worn = images
    if amount is not None:
        worn = np.stack(
            [DEGRADATIONS[kind](x, amount, np.random.default_rng(i)) for i, x in enumerate(images)]
        )
    without, shipped = (_figures(judge(worn), labels, fitted, draws) for judge, fitted in judges)
    place = {"amount": None if amount is None else float(amount), "n": len(labels)}
    return place | without | {"trained_on_it": shipped}


def _figures(
    p: np.ndarray, labels: np.ndarray, fitted: dict[str, Any], draws: int
) -> dict[str, Any]:
    predicted = (p >= float(fitted.get("threshold", 0.5))).astype(np.int64)
    statistic = {"balanced_accuracy": lambda i: balanced_accuracy(predicted[i], labels[i])}
    unsure = np.array([decide(float(value), fitted) == "unsure" for value in p])
    return with_interval(statistic, labels, draws) | {"unsure": float(unsure.mean())}
