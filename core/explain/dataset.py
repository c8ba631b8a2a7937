"""Explanation metrics over a test set: the figures with n and interval behind the page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from core.cards import write_json
from core.data.dataset import DomainData
from core.errors import DataError
from core.evaluate.bootstrap import RESAMPLES, with_interval
from core.explain.base import Settings
from core.explain.metrics.settings import MetricSettings
from core.explain.metrics.table import as_input
from core.explain.references import REFERENCES
from core.explain.service import DEFAULT_METHODS, Explanation, explain, open_model
from core.registry import Registry

FILE = "explain.json"


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    n: int = 48,
    seed: int = 0,
    methods: tuple[str, ...] = DEFAULT_METHODS,
    draws: int = RESAMPLES,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Measure a model's maps on test images and write `explain.json` beside its checkpoint.

    Args:
        registry: where the model is.
        model_id: a model that can be explained.
        data: images of its domain.
        n: test images, drawn with equal chance; all where there are fewer.
        seed: of the draw.
        methods: ids.
        draws: bootstrap resamples.
        progress: called with the share done.

    Returns:
        {"n", "explained", "cpu_seconds_per_image", "seed", "settings", "metrics": {map: {metric:
        {"value", "ci"}}}, "beats": {reference: {method: {metric: {"value", "ci"}}}} (share of
        images on which the method's value is better than that of the random, the edge and the
        centre map), "agreement": {"a b": {"value", "ci"}}, "randomisation": {method: [{"value",
        "ci"}]}}.

    Raises:
        DataError: no test image.
    """
    chosen = np.asarray(data.indices("test"))
    if len(chosen) == 0:
        raise DataError("The data holds no test image to explain.")
    chosen = np.sort(np.random.default_rng(seed).permutation(chosen)[:n])
    settings, how = Settings(seed=seed), replace(MetricSettings(), seed=seed)
    found, began = [], time.process_time()
    for count, index in enumerate(chosen):
        if progress:
            progress(count / len(chosen))
        image = data.images[index].squeeze()
        target = answer(registry, model_id, image)
        found.append(
            explain(registry, model_id, image, list(methods), target, settings=settings,
                    metric_settings=how)
        )  # fmt: skip
    result = {
        "n": len(found),
        "explained": "the model's own answer",
        "cpu_seconds_per_image": (time.process_time() - began) / len(found),
        "seed": seed,
        "split": "test",
        "archives": data.archives,
        "settings": found[0].settings,
        **summary(found, draws),
    }
    write_json(registry.folder(model_id) / FILE, result)
    return result


def answer(registry: Registry, model_id: str, image: np.ndarray) -> str:
    """A model's most probable output for an image: of a real one a detector's is "real".

    Its maps for an output of probability 0 could not lose or gain any by taking pixels away.
    """
    scored = open_model(registry, model_id)
    x = as_input(scored, scored.preprocessing.pixels(image))
    return scored.labels[int(scored.probabilities(x)[0].argmax())]


def summary(found: list[Explanation], draws: int = RESAMPLES) -> dict[str, Any]:
    """Means over explanations with 95 % bootstrap intervals over images, see `evaluate`."""
    methods, maps = list(found[0].maps), list(found[0].metrics)
    metrics = {
        name: {
            key: _mean([one.metrics[name][key] for one in found], draws)
            for key, value in found[0].metrics[name].items()
            if not isinstance(value, list)
        }
        for name in maps
    }
    beats = {
        reference: {name: _wins(found, name, reference, draws) for name in methods}
        for reference in REFERENCES
    }
    pairs = {
        f"{a} {b}": _mean([one.agreement[a][b]["spearman"] for one in found], draws)
        for i, a in enumerate(methods)
        for b in methods[i + 1 :]
    }
    curves = {
        name: [
            _mean([one.randomisation[name][stage] for one in found], draws)
            for stage in range(len(found[0].randomisation[name]))
        ]
        for name in methods
    }
    return {"metrics": metrics, "beats": beats, "agreement": pairs, "randomisation": curves}


def _wins(
    found: list[Explanation], method: str, reference: str, draws: int
) -> dict[str, dict[str, Any]]:
    """Share of images on which a method's map is the more faithful one, by metric."""
    higher = {"insertion": 1, "road": 1, "deletion": -1, "infidelity": -1}
    return {
        key: _mean(
            [sign * (o.metrics[method][key] - o.metrics[reference][key]) > 0 for o in found], draws
        )
        for key, sign in higher.items()
    }


def read(registry: Registry, model_id: str) -> dict[str, Any]:
    """What `evaluate` wrote beside a model, or an empty dict."""
    path = registry.folder(model_id) / FILE
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _mean(values: list[Any], draws: int) -> dict[str, Any]:
    array = np.asarray(values, float)
    statistics = {"mean": lambda index: float(array[index].mean())}
    return with_interval(statistics, np.zeros(len(array), int), draws)["mean"]
