"""From the cells of a study to its file of results: levels, effects against the control, gaps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import DataError
from core.evaluate import calibration
from core.evaluate.classification import confusion
from core.evaluate.holm import holm
from core.study.grid import CLASSIC, REAL, arm, cells
from core.study.runner import read_cells
from core.study.statistics import (
    Answers,
    TestSet,
    area_effect,
    area_level,
    effect,
    level,
    spread,
    vote,
    voted_mcnemar,
)

FOLDER, FILE = "study", "results.json"  # below checkpoints/<domain>/
SETS = ("official", "clean")
_SETTINGS = ("shares", "seeds", "ratios", "steps", "side", "train", "models")
FALSE_RATES = np.linspace(0, 1, 26)
Key = tuple[str, float, str]
"""(model, share, arm)."""


class Study:
    """All finished cells of a study, read from its folder.

    Attributes:
        about: `study.json`.
        answers: per arm, one `Answers` per seed, in order of the seeds.
        files: per arm, the cells' files in the same order.
        missing: cells that could not be trained, with the reason.
    """

    def __init__(self, out: Path) -> None:
        self.about: dict[str, Any] = {}
        self.answers: dict[Key, list[Answers]] = {}
        self.files: dict[Key, list[dict[str, Any]]] = {}
        self.missing: list[dict[str, str]] = []
        found = sorted(read_cells(out), key=lambda pair: int(pair[0]["seed"]))
        self.about = json.loads((out / "study.json").read_text())
        for content, logits in found:
            key = (content["model"], float(content["share"]), content["arm"])
            if logits is None:
                name = _cell_name(*key, content["seed"])
                self.missing.append({"cell": name, "reason": content["missing"]})
                continue
            self.files.setdefault(key, []).append(content)
            self.answers.setdefault(key, []).append(_answers(logits, content))
        if not self.answers:
            raise DataError(f"No finished cell in {out}; run 'python -m core study augmentation'.")

    @property
    def labels(self) -> np.ndarray:
        """(T,) truth of the test images."""
        return np.array(self.about["test_labels"])

    @property
    def index(self) -> np.ndarray:
        """(T,) positions of the test images in the domain's data."""
        return np.array(self.about["test_index"])

    def rows(self, name: str) -> np.ndarray:
        """Which test images a test set holds."""
        clean = np.array(self.about["test_clean"], bool)
        return np.flatnonzero(clean | (name == "official"))


def _cell_name(model: str, share: float, arm: str, seed: int) -> str:
    return f"{model}, {share:.0%}, {arm}, seed {seed}"


def _answers(logits: np.ndarray, fitted: dict[str, Any]) -> Answers:
    p = calibration.probabilities(logits, float(fitted["temperature"]))
    said = calibration.predict(p, fitted.get("threshold"))
    return Answers(p, said, calibration.probabilities(logits))


def results(out: Path, draws: int = 10_000) -> dict[str, Any]:
    """Everything a page says about a study.

    Args:
        out: the study's folder.
        draws: bootstrap resamples.

    Raises:
        DataError: no study, or no finished cell.
    """
    study = Study(out)
    about, config = study.about, study.about["config"]
    tests = {name: (study.rows(name), TestSet(study.labels[study.rows(name)], draws))
             for name in SETS if len(study.rows(name))}  # fmt: skip
    minority = _minority(study)
    plan = cells(config, list(about["packs"]))
    wanted = {_cell_name(c.model, c.share, c.arm, c.seed) for c in plan}
    missing = [m for m in study.missing if m["cell"] in wanted]  # a plan may have changed
    done = sum(len(v) for v in study.answers.values())
    return {
        "domain": config["domain"],
        "task": config["task"],
        "labels": about["labels"],
        "minority": minority,
        "settings": {k: config[k] for k in _SETTINGS if k in config},
        "augment": config.get("augment", {}),
        "digest": about["digest"],
        "archives": about["data"]["archives"],
        "packs": about["packs"],
        "leaks": about.get("leaks", {}),
        "held_out": about["held_out"],
        "test_images": {name: len(rows) for name, (rows, _) in tests.items()},
        "resamples": draws,
        "cells": {"planned": len(plan), "done": done, "missing": missing},
        "arms": [_arm(study, key, tests, minority) for key in sorted(study.answers)],
        "effects": _corrected(list(_effects(study, tests, minority))),
        "architectures": list(_architectures(study, next(iter(config["models"])), tests, minority)),
    }


def _minority(study: Study) -> int:
    """The label with the fewest real training images."""
    for (_, share, name), files in study.files.items():
        if share == 1.0 and name in (REAL, CLASSIC):
            return int(np.argmin(files[0]["counts"]))
    return int(np.argmin(np.bincount(study.labels)))


def _arm(
    study: Study, key: Key, tests: dict[str, tuple[np.ndarray, TestSet]], minority: int
) -> dict[str, Any]:
    each, files = study.answers[key], study.files[key]
    found: dict[str, Any] = {"model": key[0], "share": key[1], "arm": key[2]}
    found |= {"seeds": [f["seed"] for f in files], "images": files[0]["counts"]}
    for name, (rows, test) in tests.items():
        found[name] = _levels([a.at(rows) for a in each], test, minority)
    truth, classes = study.labels, each[0].p.shape[1]
    found["per_class"] = [_per_class(each, truth, k) for k in range(classes)]
    found["confusion"] = (
        np.mean([confusion(a.said, truth, classes) for a in each], axis=0).round(2).tolist()
    )
    found["roc"] = _roc(each, truth)
    found["reliability"] = _reliability([a.p for a in each], truth)
    found["reliability_before"] = _reliability([a.raw for a in each], truth)
    names = ("step", "loss", "val_loss", "val_accuracy")
    found["curve"] = {
        k: _rounded(np.mean([[look[k] for look in f["curve"]] for f in files], axis=0))
        for k in names
    }
    return found


def _levels(each: list[Answers], test: TestSet, minority: int) -> dict[str, Any]:
    right = np.stack([a.said == test.labels for a in each])
    found = {name: level(right, w, test) for name, w in test.weights.items()}
    found["auc"] = area_level(each, test)
    found["minority_recall"] = level(right, test.recall_weights(minority), test)
    for name, chances in (("ece", "p"), ("ece_before", "raw")):
        found[name] = spread(np.array([
            calibration.expected_calibration_error(getattr(a, chances), test.labels) for a in each
        ]))  # fmt: skip
    return found


def _per_class(each: list[Answers], truth: np.ndarray, k: int) -> dict[str, Any]:
    from sklearn.metrics import f1_score  # pages that only read results do without

    recall = np.array([(a.said[truth == k] == k).mean() for a in each])
    f1 = np.array([f1_score(truth == k, a.said == k, zero_division=0) for a in each])
    return {"n": int((truth == k).sum()), "recall": spread(recall), "f1": spread(f1)}


def _roc(each: list[Answers], truth: np.ndarray) -> dict[str, list[float]]:
    """Mean true positive rate over seeds and one-against-rest curves at fixed false rates."""
    from sklearn.metrics import roc_curve

    columns = [1] if each[0].p.shape[1] == 2 else np.unique(truth).tolist()
    rates = []
    for answers in each:
        for k in columns:
            false, true, _ = roc_curve(truth == k, answers.p[:, k])
            rates.append(np.interp(FALSE_RATES, false, true))
    return {"fpr": _rounded(FALSE_RATES), "tpr": _rounded(np.mean(rates, axis=0))}


def _reliability(each: list[np.ndarray], truth: np.ndarray) -> list[dict[str, float]]:
    """Bins of all seeds' answers together."""
    return calibration.reliability(np.concatenate(each), np.tile(truth, len(each)), bins=10)


def _effects(
    study: Study, tests: dict[str, tuple[np.ndarray, TestSet]], minority: int
) -> Iterator[dict[str, Any]]:
    for key in sorted(study.answers):
        model, share, name = key
        for against in _rivals(name):
            about = {"model": model, "share": share, "arm": name, "against": against}
            for found in _against(study, key, (model, share, against), tests, minority):
                yield about | found


def _architectures(
    study: Study, leading: str, tests: dict[str, tuple[np.ndarray, TestSet]], minority: int
) -> Iterator[dict[str, Any]]:
    """Every further architecture against the leading one, on the same real images and seeds."""
    for key in sorted(study.answers):
        model, share, name = key
        if name == CLASSIC and model != leading:
            about = {"model": model, "share": share, "against": leading}
            for found in _against(study, key, (leading, share, name), tests, minority):
                yield about | found


def _against(
    study: Study, key: Key, rival: Key, tests: dict[str, tuple[np.ndarray, TestSet]], minority: int
) -> Iterator[dict[str, Any]]:
    """The effect of one kind of cell against another by test set, over the seeds both have."""
    if rival not in study.answers:
        return
    other, one = _paired(study, key, rival)
    for where, (rows, test) in tests.items() if one else ():
        about = {"set": where, "seeds": len(one)}
        first, second = ([a.at(rows) for a in side] for side in (one, other))
        yield about | _effect(first, second, test, minority, study.index[rows])


def _rivals(name: str) -> list[str]:
    """What an arm is compared with; for synthetic ones the count-matched control comes first."""
    what = arm(name)
    if what.synthetic:
        return list(dict.fromkeys([what.control, CLASSIC, REAL]))
    return {REAL: [], CLASSIC: [REAL]}.get(name, [CLASSIC])


def _paired(study: Study, key: Key, rival: Key) -> tuple[list[Answers], list[Answers]]:
    """The answers of seeds that both arms have."""
    by_seed = [
        {f["seed"]: a for f, a in zip(study.files[k], study.answers[k])} for k in (key, rival)
    ]
    shared = sorted(set(by_seed[0]) & set(by_seed[1]))
    return [by_seed[0][s] for s in shared], [by_seed[1][s] for s in shared]


def _effect(
    one: list[Answers], other: list[Answers], test: TestSet, minority: int, index: np.ndarray
) -> dict[str, Any]:
    first, second = (np.stack([a.said == test.labels for a in side]) for side in (one, other))
    found: dict[str, Any] = {
        name: effect(first, second, weights, test) for name, weights in test.weights.items()
    }
    found["minority_recall"] = effect(first, second, test.recall_weights(minority), test)
    found["auc"] = area_effect(one, other, test)
    found["mcnemar"] = voted_mcnemar(one, other, test)
    found["disagree"] = index[vote(one) != vote(other)].tolist()
    return found


def _corrected(effects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Holm's correction over all comparisons of synthetic arms with their control.

    One family per architecture, test set and figure.
    """
    families: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in effects:
        what = arm(entry["arm"])
        if what.synthetic and entry["against"] == what.control:
            families.setdefault((entry["model"], entry["set"]), []).append(entry)
    for family in families.values():
        for figure in ("balanced_accuracy", "accuracy", "minority_recall", "auc", "mcnemar"):
            for entry, p in zip(family, holm([e[figure]["p"] for e in family])):
                entry[figure] |= {"holm": p, "family": len(family)}
    return effects


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 4) for v in values]


def compact(value: Any) -> Any:
    """Floats to five significant digits, so that the file stays small."""
    if isinstance(value, dict):
        return {k: compact(v) for k, v in value.items()}
    if isinstance(value, list):
        return [compact(v) for v in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def write_results(content: dict[str, Any], folder: Path) -> Path:
    """Write `results.json` into a folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    partial = path.with_name(f"{FILE}.partial")
    lines = json.dumps(compact(content), separators=(",", ":"), ensure_ascii=False)
    partial.write_text(lines + "\n")
    partial.replace(path)
    return path


def read_results(folder: Path) -> dict[str, Any] | None:
    """What `study results` wrote, or None where there is nothing."""
    path = folder / FILE
    return dict(json.loads(path.read_text())) if path.exists() else None
