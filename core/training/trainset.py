"""What a classifier learns from: a share of the real images, plus synthetic ones or copies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.data.dataset import DomainData
from core.errors import DataError

DUPLICATES = "duplicates"


@dataclass
class TrainSet:
    """Images and labels, and a note of where they come from.

    Attributes:
        images: (N, S, S, C) uint8.
        labels: (N,) int64 into the task's labels.
        note: counts and provenance, for the card.
    """

    images: np.ndarray
    labels: np.ndarray
    note: dict[str, Any]


def make_trainset(data: DomainData, task: str, config: dict[str, Any], seed: int) -> TrainSet:
    """Build the training set that `[regime]` and `[synthetic]` of a configuration describe.

    `[regime]` holds `share` (of the real training images per class, 0 to 1) and `keep` (false
    for synthetic only). `[synthetic]` holds `source` (a folder written by `generate`, or
    "duplicates" for the count-matched control of real copies) and `ratio` (synthetic images per
    real one, per class).

    Raises:
        DataError: the folder holds too few images of a class, or none.
    """
    regime, synthetic = config.get("regime", {}), config.get("synthetic", {})
    labels = data.labels(task)
    real = subset(data, data.indices("train", task), float(regime.get("share", 1.0)))
    images, truth = [np.asarray(data.images[real])], [labels[real]]
    note: dict[str, Any] = {"real": len(real), "share": regime.get("share", 1.0)}
    if synthetic:
        extra, extra_labels, about = _extra(data, task, real, synthetic, seed)
        images, truth = [*images, extra], [*truth, extra_labels]
        note |= {"added": len(extra), "ratio": synthetic.get("ratio", 1.0), **about}
    if not regime.get("keep", True):
        images, truth, note["real"] = images[1:], truth[1:], 0
    return TrainSet(np.concatenate(images), np.concatenate(truth), note)


def subset(data: DomainData, indices: np.ndarray, share: float) -> np.ndarray:
    """A fixed share of each class, cut between groups; a smaller share lies within a larger.

    Args:
        data: the domain's images.
        indices: positions to choose from.
        share: 0 to 1; at least one group per class is kept.
    """
    if share >= 1:
        return indices
    kept: list[int] = []
    for own in np.unique(data.class_index[indices]):
        pool = indices[data.class_index[indices] == own]
        ranks = {g: hashlib.sha256(str(g).encode()).digest() for g in data.group[pool].tolist()}
        order = sorted(pool.tolist(), key=lambda i: (ranks[int(data.group[i])], i))
        kept += _whole_groups(order, data.group, max(1, round(share * len(pool))))
    return np.array(sorted(kept), dtype=np.int64)


def _whole_groups(order: list[int], group: np.ndarray, wanted: int) -> list[int]:
    end = wanted
    while end < len(order) and group[order[end]] == group[order[end - 1]]:
        end += 1
    return order[:end]


def _extra(
    data: DomainData, task: str, real: np.ndarray, settings: dict[str, Any], seed: int
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Additional images: copies of real ones, or synthetic ones, `ratio` per real image."""
    rng = np.random.default_rng(seed)
    ratio, source = float(settings.get("ratio", 1.0)), str(settings["source"])
    wanted = {int(c): round(ratio * n) for c, n in zip(*_counts(data.class_index[real]))}
    table = _label_table(data, task)
    if source == DUPLICATES:
        chosen = np.concatenate(
            [_draw(rng, real[data.class_index[real] == c], n) for c, n in wanted.items()]
        )
        return np.asarray(data.images[chosen]), table[data.class_index[chosen]], {"source": source}
    files, models = listing(Path(source))
    images, labels = [], []
    for own, n in wanted.items():
        paths = files.get(data.domain.class_ids[own], [])
        if len(paths) < n:
            raise DataError(
                f"{source} holds {len(paths)} synthetic images of {data.domain.class_ids[own]}, "
                f"{n} are needed; generate more or lower the ratio."
            )
        order = rng.permutation(len(paths))[:n]
        images += [_pixels(paths[i], data) for i in order]
        labels += [table[own]] * n
    note = {"source": source, "generators": models}
    return np.stack(images), np.array(labels, dtype=np.int64), note


def _counts(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found, number = np.unique(classes, return_counts=True)
    return found, number


def _draw(rng: np.random.Generator, pool: np.ndarray, n: int) -> np.ndarray:
    """N of the pool, each once before any twice."""
    rounds = [rng.permutation(pool) for _ in range(-(-n // len(pool)))]
    return np.concatenate(rounds)[:n] if rounds else pool[:0]


def _label_table(data: DomainData, task: str) -> np.ndarray:
    wanted = data.domain.task(task)
    labels = [wanted.label_of(c) for c in data.domain.class_ids]
    return np.array([-1 if v is None else wanted.labels.index(v) for v in labels], dtype=np.int64)


def listing(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Synthetic PNGs by image class, and the ids of their generators, from every manifest below.

    Raises:
        DataError: no `manifest.json` in the folder.
    """
    files: dict[str, list[Path]] = {}
    models: set[str] = set()
    for path in sorted(folder.rglob("manifest.json")):
        content = json.loads(path.read_text())
        models |= {str(content.get("model"))}
        for entry in content["images"]:
            files.setdefault(entry["class"], []).append(path.parent / entry["file"])
    if not files:
        raise DataError(f"No manifest.json below {folder}; fill it with 'python -m core generate'.")
    return files, sorted(models)


def _pixels(path: Path, data: DomainData) -> np.ndarray:
    with Image.open(path, formats=("PNG",)) as image:
        return data.preprocessing.pixels(np.asarray(image))
