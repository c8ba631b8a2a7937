"""One seed drawn under changing conditions: what a class or a sampling setting alone does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from core.cards import Card
from core.domains import Domain
from core.registry import Registry
from core.services.classification import classify
from core.services.generation import GeneratedImage, generate
from core.ui.figures.frame import PALETTE, frame
from core.ui.review import best_classifier

POINTS = 7


@dataclass
class Sweep:
    """Images along a path, what changes along it, and a classifier's answers on the way.

    Attributes:
        axis: name of what changes.
        ticks: its value at every image.
        images: one per tick, all of one seed.
        judge: title of the classifier, empty where there is none.
        chances: calibrated probability along the path by label.
    """

    axis: str
    ticks: list[str]
    images: list[GeneratedImage]
    judge: str = ""
    chances: dict[str, list[float]] = field(default_factory=dict)


def over_classes(registry: Registry, domain: Domain, card: Card, seed: int) -> Sweep:
    """The same seed under every class the generator knows."""
    names = [c for c in domain.class_ids if c in card.classes]
    images = [generate(registry, domain.id, card.id, c, 1, seed)[0] for c in names]
    ticks = [domain.class_name(c) for c in names]
    return _judged(registry, domain, Sweep("class", ticks, images))


def over_setting(registry: Registry, domain: Domain, card: Card, class_id: str, seed: int) -> Sweep:
    """The same seed and class from little to much truncation (GANs) or guidance (diffusion)."""
    diffusion = "diffusion" in f"{card.id} {card.family}"
    name, values = (
        ("guidance", np.linspace(1, 7, POINTS)) if diffusion
        else ("truncation", np.linspace(0, 1, POINTS))
    )  # fmt: skip
    images = [
        generate(registry, domain.id, card.id, class_id, 1, seed, {name: float(v)})[0]
        for v in values
    ]
    return _judged(registry, domain, Sweep(name, [f"{v:.2g}" for v in values], images))


def _judged(registry: Registry, domain: Domain, sweep: Sweep) -> Sweep:
    judge = best_classifier(registry, domain.id, sweep.images[0].class_id)
    if judge is None:
        return sweep
    arrays = [image.pixels.squeeze() for image in sweep.images]
    answers = classify(registry, arrays, domain.id, judge.id)
    sweep.judge = judge.title
    sweep.chances = {v: [a.probabilities[v] for a in answers] for v in judge.classes}
    return sweep


def curve(sweep: Sweep, domain: Domain) -> go.Figure:
    """The classifier's probabilities along the path."""
    fig = go.Figure()
    for place, (label, values) in enumerate(sweep.chances.items()):
        fig.add_scatter(
            x=sweep.ticks,
            y=values,
            mode="lines+markers",
            name=domain.class_name(label),
            line_color=PALETTE[place % len(PALETTE)],
        )
    fig.update_yaxes(range=[-0.02, 1.02])
    fig.update_xaxes(type="category")
    title = f"{sweep.judge} along the path (n = {len(sweep.ticks)} images of one seed)"
    return frame(fig, title, sweep.axis, "calibrated probability")
