"""Explain one image by one model: maps, metrics, sanity checks and a reading of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from core import domains
from core.explain import base, engine
from core.explain.base import Settings
from core.explain.explainable import ADAPTERS, Explainable, ExplainError, explainable
from core.explain.metrics import table
from core.explain.metrics.settings import MetricSettings
from core.explain.organ import mask_of
from core.explain.prepare import prepared
from core.explain.randomisation import randomisation_curve
from core.explain.reading import Reading, reading
from core.explain.references import reference_maps
from core.memory import ON_CPU, SMALLER, relieve, short_of_memory
from core.models.base import Progress
from core.registry import Registry
from core.services.queue import Turn, say, turn
from core.services.remote import served

DEFAULT_METHODS = ("gradcam", "ig", "shap")
SMALLEST = 3  # images per pass below which a smaller batch frees no memory worth having


@dataclass
class Explanation:
    """All there is to show about one image and one model.

    Attributes:
        model: the model's id.
        title: the model's display name.
        domain: domain id of the model ("shared" models: of none).
        task: of the model; a critic's "probabilities" say how real an image looks as each class.
        target: name of the explained output.
        against: name of the output it is contrasted with, if any.
        prediction: probability by output name.
        pixels: what the model saw, (S, S, C) uint8.
        maps: signed map (S, S) float32 by method id.
        info: each method's own numbers (completeness gap, steps ...) by method id.
        references: the random, the edge and the centre map, (S, S) float32.
        metrics: by method id and reference name; empty if not asked for.
        agreement: {a: {b: {"spearman", "iou"}}} among methods and references.
        randomisation: likeness to the intact model's map by share of layers destroyed.
        organ: what the mask looks for.
        mask: organ mask (S, S) bool, None where there is no segmentation.
        settings: of methods ("maps") and metrics ("metrics").
        reading: one sentence built from the numbers.
    """

    model: str
    title: str
    domain: str
    target: str
    against: str | None
    prediction: dict[str, float]
    pixels: np.ndarray
    maps: dict[str, np.ndarray]
    info: dict[str, dict[str, Any]]
    references: dict[str, np.ndarray]
    settings: dict[str, Any]
    task: str = "classifier"
    organ: str = ""
    mask: np.ndarray | None = None
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    agreement: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    randomisation: dict[str, list[float]] = field(default_factory=dict)
    reading: Reading = field(default_factory=lambda: Reading(()))


def explainable_models(registry: Registry, domain: str | None = None) -> list[str]:
    """Ids of the models that can be explained, of one domain or of all; classifiers first."""
    found = [card for card in registry.cards(domain) if card.task in ADAPTERS]
    first = ("classifier", "detector")
    order = {task: place for place, task in enumerate(first)}
    return [card.id for card in sorted(found, key=lambda c: order.get(c.task, len(first)))]


def open_model(registry: Registry, model: str) -> Explainable:
    """A model's explainable, on a copy private to the caller.

    Raises:
        CheckpointError: the model is missing or damaged.
        ExplainError: it has no score to explain.
    """
    with registry.locked(model) as loaded:  # nobody's hooks are copied along
        if loaded.note:
            say(loaded.note)
        return prepared(explainable(loaded.card, loaded.module))


def available_methods(registry: Registry, *models: str) -> dict[str, str]:
    """Method ids that can explain every one of some models, with their display names."""
    able = [base.methods(open_model(registry, model)) for model in models]
    return {k: e.title for k, e in able[0].items() if all(k in other for other in able)}


def targets(registry: Registry, model: str) -> list[str]:
    """What can be explained of a model: its labels, or the name of its one score."""
    return list(open_model(registry, model).labels)


@served
def explain(
    registry: Registry,
    model: str,
    image: np.ndarray,
    methods: list[str] | None = None,
    target: str | None = None,
    metrics: bool = True,
    progress: Progress | None = None,
    against: str | None = None,
    settings: Settings | None = None,
    metric_settings: MetricSettings | None = None,
) -> Explanation:
    """Explain one image.

    Args:
        registry: where the model is.
        model: its id.
        image: decoded image, (H, W) or (H, W, 3), float in [0, 1] or uint8.
        methods: ids; Grad-CAM, Integrated Gradients and SHAP by default.
        target: output to explain; by default a classifier's or critic's highest one, a
            detector's "synthetic".
        metrics: also measure the maps, against a random, an edge and a centre map.
        progress: called with the share done; may raise `CancelledError`.
        against: contrast: explain the difference of the target's logit and this one's.
        settings: of the methods.
        metric_settings: of the metrics.

    Raises:
        CheckpointError: the model is missing or damaged.
        ExplainError: model, method, target or baseline cannot be explained as asked.
        CancelledError: cancelled, or while waiting for a turn.
    """
    chosen = list(DEFAULT_METHODS) if methods is None else list(dict.fromkeys(methods))
    settings, how = settings or Settings(), metric_settings or MetricSettings()
    request = _Request(model, image, chosen, target, against, metrics)
    with turn() as own:
        while True:
            done = _Steps(progress, own, len(chosen) + (4 if metrics and chosen else 0))
            try:
                return _explained(registry, request, settings, how, done)
            except RuntimeError as error:
                if not short_of_memory(error):
                    raise
            registry, settings, how = _way_down(registry, settings, how)


def _way_down(
    registry: Registry, settings: Settings, how: MetricSettings
) -> tuple[Registry, Settings, MetricSettings]:
    """What to try next where memory was short: smaller batches, then the CPU."""
    relieve(registry.device)
    if settings.batch > SMALLEST:
        size = settings.batch // 4
        say(SMALLER.format(size=size))
        return registry, replace(settings, batch=size), replace(how, batch=min(how.batch, size))
    if registry.device.type == "cpu":
        raise ExplainError("There is not enough memory to explain this image.")
    say(ON_CPU)
    whole = replace(settings, batch=Settings.batch), replace(how, batch=MetricSettings.batch)
    return Registry(registry.root, torch.device("cpu")), *whole


@dataclass(frozen=True)
class _Request:
    model: str
    image: np.ndarray
    methods: list[str]
    target: str | None
    against: str | None
    metrics: bool


def _explained(
    registry: Registry, request: _Request, settings: Settings, how: MetricSettings, done: _Steps
) -> Explanation:
    chosen, target, model = request.methods, request.target, request.model
    scored = open_model(registry, model)
    pixels = scored.preprocessing.pixels(request.image)
    x = table.as_input(scored, pixels)
    probabilities = scored.probabilities(x)[0]
    if target is None and registry.card(model).task in ("classifier", "critic"):
        target = scored.labels[int(probabilities.argmax())]
    scored = scored.towards(target, request.against)
    found = engine.maps(scored, x, chosen, settings, done)
    result = _result(registry, model, scored, pixels, probabilities)
    result.settings = {"maps": settings.to_dict(), "metrics": how.to_dict()}
    result.maps = engine.as_array(found)
    result.info = {name: dict(attribution.info) for name, attribution in found.items()}
    result.references = reference_maps(pixels, settings.seed)
    if request.metrics and chosen:
        _measure(result, scored, x, settings, how, done)
    result.reading = reading(
        chosen, result.metrics, result.agreement, result.randomisation, result.organ
    )
    done("end")
    return result


class _Steps:
    """Turns named steps into the share done, and lets others go first between them."""

    def __init__(self, progress: Progress | None, turn: Turn, total: int) -> None:
        self.progress, self.turn, self.total, self.count = progress, turn, total, 0

    def __call__(self, name: str) -> None:
        self.turn.breathe()
        if self.progress:
            self.progress(min(1.0, self.count / max(1, self.total)), None)
        self.count += 1


def _result(
    registry: Registry,
    model: str,
    scored: Explainable,
    pixels: np.ndarray,
    probabilities: np.ndarray,
) -> Explanation:
    """An explanation with everything but maps and numbers."""
    card = registry.card(model)
    known = {d.id: d for d in domains.all_domains()}
    organ = known[card.domain].organ if card.domain in known else ""
    return Explanation(
        model=model,
        title=card.title,
        domain=card.domain,
        task=card.task,
        target=scored.labels[scored.target],
        against=None if scored.against is None else scored.labels[scored.against],
        prediction={k: float(v) for k, v in zip(scored.labels, probabilities)},
        pixels=pixels,
        maps={},
        info={},
        references={},
        settings={},
        organ=organ,
        mask=mask_of(organ, pixels),
    )


def _measure(
    result: Explanation,
    scored: Explainable,
    x: torch.Tensor,
    settings: Settings,
    how: MetricSettings,
    done: _Steps,
) -> None:
    """Fill in metrics, agreement and the randomisation curve."""
    everything = {**result.maps, **result.references}
    chosen, quick = list(result.maps), how.quick(settings)
    done("faithfulness")
    result.metrics = table.faithfulness(scored, x, everything, how)
    for name, extra in table.whereabouts(everything, result.mask).items():
        result.metrics[name].update(extra)
    result.agreement = table.agreements(everything, how)
    done("repeat")
    original = engine.as_array(engine.maps(scored, x, chosen, quick))
    done("robustness")
    repeated = table.robustness(scored, result.pixels, chosen, quick, how, original)
    for name, more in repeated.items():
        result.metrics[name].update(more)
    done("randomisation")
    result.randomisation = randomisation_curve(
        scored, x, chosen, quick, how.stages, how.smoothing, original
    )
