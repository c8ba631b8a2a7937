"""Fit and evaluate what rests on the encoder: scope decisions and the reference of real images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core import domains
from core.cards import read_metrics, write_json
from core.data.dataset import DomainData, load
from core.errors import DataError
from core.evaluate.features import find_encoder
from core.evaluate.foreign import foreign_images
from core.evaluate.intervals import share
from core.evaluate.reference import fit_reference, split_features
from core.registry import Registry
from core.scope import distances, fit_scope
from core.stability import degrade

OTHERS = 200  # images of every other domain
EACH = 40  # made-up images per kind
DEGRADED = 60  # held-out images whose re-encodings are tried


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    paths: Sequence[Path] = (),
) -> dict[str, Any]:
    """Fit scope and reference of a domain, then measure the scope on images it has not seen.

    Args:
        registry: holds the encoder.
        model_id: the encoder.
        data: the domain's images.
        paths: archives to take other domains' images from.

    Returns:
        What was written below the domain's id in the encoder's `metrics.json`.

    Raises:
        CheckpointError: no encoder.
    """
    features = split_features(find_encoder(registry, data.domain.id), data)
    fit_scope(registry, data, features)
    fit_reference(registry, data, features)
    result = {"scope": evaluate_scope(registry, data, other_domains(data, list(paths)))}
    folder = registry.folder(find_encoder(registry, data.domain.id).card.id)
    known = read_metrics(folder)
    found = {**known.get("domains", {}), data.domain.id: result}
    write_json(folder / "metrics.json", {**known, "task": "encoder", "domains": found})
    return result


def other_domains(data: DomainData, paths: list[Path]) -> dict[str, list[np.ndarray]]:
    """Held-out images of the domains other than `data`'s that the archives hold, by domain id."""
    found = {}
    for domain in domains.all_domains():
        if domain.id == data.domain.id or not paths:
            continue
        try:
            other = load(domain, paths)
        except DataError:
            continue
        rows = np.random.default_rng(0).permutation(other.indices("test"))[:OTHERS]
        found[domain.id] = list(np.asarray(other.images[np.sort(rows)]))
    return found


def evaluate_scope(
    registry: Registry,
    data: DomainData,
    others: dict[str, list[np.ndarray]] | None = None,
) -> dict[str, Any]:
    """Share of held-out real images kept and of foreign images refused, with 95 % intervals.

    The limit was set on validation images, so "val" is 99 % by construction; the test images are
    the evidence. Photographs are crops of few pictures: their interval is too narrow.

    Args:
        registry: holds the encoder and the fitted scope.
        data: the domain's images.
        others: images of other domains by id.

    Returns:
        "kept" by split, class and re-encoding, "refused" by kind and over all kinds.
    """
    kept = {name: _inside(registry, data, rows) for name, rows in _held_out(data).items()}
    kinds = {**(others or {}), **foreign_images(each=EACH)}
    outside = {k: ~_decide(registry, images, data.domain.id) for k, images in kinds.items()}
    return {
        "kept": {name: share(hits) for name, hits in kept.items()},
        "kept_after": _degraded(registry, data),
        "refused": {name: share(hits) for name, hits in outside.items()},
        "refused_all": share(np.concatenate(list(outside.values()))),
    }


def _held_out(data: DomainData) -> dict[str, np.ndarray]:
    test = data.indices("test")
    found = {"val": data.indices("val"), "test": test}
    for number, name in enumerate(data.domain.class_ids):
        found[f"test {name}"] = test[data.class_index[test] == number]
    return {name: rows for name, rows in found.items() if len(rows)}


def _inside(registry: Registry, data: DomainData, rows: np.ndarray) -> np.ndarray:
    return _decide(registry, list(np.asarray(data.images[rows])), data.domain.id)


def _decide(registry: Registry, images: list[np.ndarray], domain: str) -> np.ndarray:
    found = distances(registry, images, domain)
    assert found is not None
    return found[0] <= found[1]


def _degraded(registry: Registry, data: DomainData) -> dict[str, Any]:
    rows = np.random.default_rng(0).permutation(data.indices("test"))[:DEGRADED]
    strips: dict[str, list[np.ndarray]] = {}
    for image in np.asarray(data.images[np.sort(rows)]):
        for name, changed in degrade(image, data.domain.size).items():
            strips.setdefault(name, []).append(changed)
    return {n: share(_decide(registry, images, data.domain.id)) for n, images in strips.items()}
