"""Leave-one-generator-out: what a detector says of a family that its training never held.

For each family a detector is trained anew without it, calibrated without it, and asked about test
images of it against real test images. The detectors themselves are not kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.cards import Card, read_metrics, write_json
from core.data.dataset import DomainData
from core.degradations import DEGRADATIONS
from core.errors import DataError
from core.evaluate import calibration
from core.evaluate.detection import decide, gather, measure
from core.evaluate.logits import predict
from core.registry import Registry
from core.training.degrade import degrade_all
from core.training.detector import Fitted, fit
from core.training.fakes import CLASSIC, ROUND_TRIP
from core.training.run import Run

FILE = "leave_one_out.json"
DECODER = "shared decoder"
"""All families whose images come out of the one autoencoder, left out together."""

Progress = Callable[[str], None]
WORN = {"jpeg_75": ("jpeg", 75.0), "half_size": ("scale", 0.5)}


def groups(card: Card) -> dict[str, list[str]]:
    """What is left out together, by name: each trained-on generator, then all of the decoder.

    Leaving out one generator still leaves others that share its decoder, and so its traces; the
    last group asks the harder question.

    Args:
        card: of the domain's detector, whose `families` it was trained on.
    """
    made = [f for f in card.training.get("families", []) if f not in CLASSIC]
    generators = [f for f in made if f != ROUND_TRIP]
    found = {name: [name] for name in generators}
    return found | ({DECODER: made} if len(made) > 1 else {})


def evaluate(
    registry: Registry,
    config: dict[str, Any],
    data: DomainData,
    out: Path,
    budget: float | None = None,
    only: str | None = None,
    n: int = 300,
    draws: int = 1000,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Train and ask one detector per group; finished groups of an earlier call are kept.

    Args:
        registry: holds the domain's detector (its card names the families) and the generators.
        config: of that detector.
        data: the domain's images.
        out: folder for the runs.
        budget: seconds of training per group.
        only: train this group alone, anew if need be; the others stay as they are.
        n: real test images at most, and synthetic ones over all families.
        draws: bootstrap resamples.
        progress: called with a line per step.

    Raises:
        DataError: no such group.

    Returns:
        What was written to `leave_one_out.json` beside the detector: `groups` by name, each with
        its figures by family and the `curve` of its trainings, and the `summary` of all families
        that a detector had not seen.
    """
    card = registry.card(config["id"])
    path = registry.folder(card.id) / FILE
    mark = digest(config, card)
    found, wanted = earlier(path, mark, "groups"), groups(card)
    if only is not None and only not in wanted:
        raise DataError(f"There is no group '{only}'; choose one of: {', '.join(wanted)}.")
    index = np.random.default_rng(0).permutation(data.indices("test"))[:n]
    real, fakes = np.asarray(data.images[index]), gather(registry, data, card, n)
    seen = set(card.training.get("families", []))
    for name, members in wanted.items():
        if name != only if only is not None else name in found:
            continue
        progress(f"{name}: training without {', '.join(members)}")
        own = config | {"fakes": config.get("fakes", {}) | {"leave_out": members}}
        run = Run(out / name.replace("/", "-"), own, time_budget=budget)
        # images that no training held: the group itself, and what is kept out of all trainings
        asked = [f for f in fakes if f in members or f not in seen] if name == DECODER else members
        new = _trained_without(own, data, run, real, {f: fakes[f] for f in asked}, draws)
        found[name] = new | {"curve": [*_curve(found.get(name)), _place(new)]}
        write_json(path, _file(mark, found, card, registry))
    content = _file(mark, found, card, registry)
    write_json(path, content)
    return content


def _trained_without(
    config: dict[str, Any], data: DomainData, run: Run, real: np.ndarray,
    fakes: dict[str, np.ndarray], draws: int,
) -> dict[str, Any]:  # fmt: skip
    """Train without the families that the configuration leaves out, and ask about `fakes`."""
    fitted = fit(config, data, run)
    return {
        "left_out": config["fakes"]["leave_out"],
        "images_seen": run.images_seen,
        "seconds": round(run.seconds),
        "validation": fitted.calibration["validation"],
        "families": {k: _asked(fitted, data, real, v, draws) for k, v in fakes.items()},
    }


def _curve(earlier: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Unseen accuracy against training so far: what a longer training of a group goes on from."""
    return [] if earlier is None else list(earlier.get("curve", [_place(earlier)]))


def _place(group: dict[str, Any]) -> dict[str, Any]:
    own = group["families"].items()
    scores = {name: found["as_given"]["balanced_accuracy"]["value"] for name, found in own}
    return {k: group[k] for k in ("images_seen", "seconds")} | {"balanced_accuracy": scores}


def digest(config: dict[str, Any], card: Card) -> str:
    """Changes with the training and the shipped detector: older figures then do not count."""
    parts = [config.get("model"), config.get("train"), config.get("fakes"), card.files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def earlier(path: Path, mark: str, key: str) -> dict[str, Any]:
    """What an earlier call finished and wrote under `key`, if of the same `digest`."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    return dict(content[key]) if content["digest"] == mark else {}


def _file(mark: str, found: dict[str, Any], card: Card, registry: Registry) -> dict[str, Any]:
    return {
        "digest": mark,
        "groups": found,
        "summary": summary(found, read_metrics(registry.folder(card.id))),
    }


def _asked(
    fitted: Fitted, data: DomainData, real: np.ndarray, fakes: np.ndarray, draws: int
) -> dict[str, Any]:
    """Figures of real against unseen synthetic images: as given, re-encoded, JPEG 75, half size."""
    labels = np.repeat([0, 1], [len(real), len(fakes)])
    images = np.concatenate([real, fakes])
    versions = {"as_given": images, "re_encoded": degrade_all(images, seed=1)}
    for name, (kind, amount) in WORN.items():
        versions[name] = np.stack(
            [DEGRADATIONS[kind](x, amount, np.random.default_rng(i)) for i, x in enumerate(images)]
        )
    return {k: _figures(fitted, data, v, labels, draws) for k, v in versions.items()}


def _figures(
    fitted: Fitted, data: DomainData, images: np.ndarray, labels: np.ndarray, draws: int
) -> dict[str, Any]:
    device = next(fitted.module.parameters()).device
    logits = predict(fitted.module, images, data.preprocessing, device)
    p = calibration.probabilities(logits, float(fitted.calibration["temperature"]))[:, 1]
    said = np.array([decide(float(v), fitted.calibration) for v in p[labels == 1]])
    shares = {f"called_{k}": float((said == k).mean()) for k in ("real", "unsure", "synthetic")}
    wanted = ("n", "balanced_accuracy", "auc", "tpr_at_5_fpr", "ece")
    figures = measure(p, labels, fitted.calibration, draws)
    return {k: figures[k] for k in wanted} | {"n_synthetic": int((labels == 1).sum()), **shares}


def summary(found: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    """Balanced accuracy, as given, over families left out one at a time or never trained on.

    Args:
        found: `groups` of the file.
        metrics: of the domain's detector; its unseen families count as left out.

    Returns:
        `families` to balanced accuracy, their `mean` and `least`, `without_decoder` likewise for
        the group that left out all families of the shared decoder.
    """
    alone = dict(_scores(found, lambda name: name != DECODER))
    alone |= {
        name: float(own["balanced_accuracy"]["value"])
        for name, own in metrics.get("families", {}).items() if not own["seen"]
    }  # fmt: skip
    together = dict(_scores(found, lambda name: name == DECODER))
    return {**_over(alone), "without_decoder": _over(together)}


def _scores(found: dict[str, Any], wanted: Callable[[str], bool]) -> Iterator[tuple[str, float]]:
    for name, group in found.items():
        if wanted(name):
            for family, own in group["families"].items():
                yield family, float(own["as_given"]["balanced_accuracy"]["value"])


def _over(scores: dict[str, float]) -> dict[str, Any]:
    values = list(scores.values())
    return {
        "families": scores,
        "mean": float(np.mean(values)) if values else None,
        "least": min(values) if values else None,
    }
