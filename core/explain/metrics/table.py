"""All metrics of one image's maps, with the reference maps in the same table."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import torch

from core.explain import engine
from core.explain.base import Settings
from core.explain.explainable import Explainable
from core.explain.metrics.agreement import Comparable
from core.explain.metrics.deletion import area, curves
from core.explain.metrics.infidelity import infidelity
from core.explain.metrics.road import road
from core.explain.metrics.sensitivity import max_sensitivity
from core.explain.metrics.settings import MetricSettings
from core.explain.metrics.sparseness import gini
from core.explain.metrics.stability import as_jpeg, with_noise
from core.explain.organ import pointing, share_inside

HIGHER_IS_BETTER: dict[str, bool | None] = {
    "insertion": True,
    "deletion": False,
    "road": True,
    "infidelity": False,
    "max_sensitivity": False,
    "gini": None,
    "stability_jpeg": True,
    "stability_noise": True,
    "inside_organ": None,
    "pointing": None,
}
"""Every metric of the table, and whether higher is better (None: it describes, not ranks)."""


def faithfulness(
    model: Explainable, x: torch.Tensor, maps: dict[str, np.ndarray], settings: MetricSettings
) -> dict[str, dict[str, Any]]:
    """Insertion, deletion, ROAD, infidelity and sparseness of maps (S, S) by name."""
    stack = np.stack(list(maps.values()))
    insertion, deletion = curves(model, x, stack, settings.deletion_steps, settings.batch)
    roads = road(model, x, stack, settings.road, settings.batch, settings.seed)
    errors = infidelity(
        model, x, stack, settings.square, settings.squares, settings.batch, settings.seed
    )
    areas = area(insertion), area(deletion)
    return {
        name: {
            "insertion": float(areas[0][i]),
            "deletion": float(areas[1][i]),
            "road": float(roads[i]),
            "infidelity": float(errors[i]),
            "gini": gini(maps[name]),
            "insertion_curve": insertion[i].tolist(),
            "deletion_curve": deletion[i].tolist(),
        }
        for i, name in enumerate(maps)
    }


def robustness(
    model: Explainable,
    pixels: np.ndarray,
    methods: list[str],
    quick: Settings,
    settings: MetricSettings,
    original: dict[str, np.ndarray],
) -> dict[str, dict[str, float]]:
    """Max-sensitivity, and Spearman with the map of the JPEG and of the noisy copy, by method.

    Args:
        model: what was explained.
        pixels: the image, (S, S, C) uint8.
        methods: ids.
        quick: settings of the repeated explanations.
        settings: of the metrics.
        original: maps of the image itself at `quick`.
    """
    x = as_input(model, pixels)
    copies = {
        "stability_jpeg": as_jpeg(pixels, settings.jpeg),
        "stability_noise": with_noise(pixels, settings.noise, settings.seed),
    }
    found: dict[str, dict[str, float]] = {name: {} for name in methods}
    ready = {name: Comparable(original[name], settings.smoothing) for name in methods}
    for key, copy in copies.items():
        again = engine.as_array(engine.maps(model, as_input(model, copy), methods, quick))
        for name in methods:
            other = Comparable(again[name], settings.smoothing)
            found[name][key] = ready[name].spearman(other)
    for name in methods:

        def explain(images: torch.Tensor, name: str = name) -> torch.Tensor:
            values = [
                original[name]
                if torch.equal(image, x[0])
                else engine.maps(model, image[None], [name], quick)[name].values
                for image in images
            ]
            return torch.as_tensor(np.stack(values))

        found[name]["max_sensitivity"] = max_sensitivity(
            explain, x, settings.radius, settings.neighbours, settings.seed
        )
    return found


def as_input(model: Explainable, pixels: np.ndarray) -> torch.Tensor:
    """(S, S, C) uint8 to the model's input on its device, (1, C, S, S)."""
    device = next(model.module.parameters()).device
    return model.preprocessing.normalise(pixels[None].copy()).to(device)


def agreements(
    maps: dict[str, np.ndarray], settings: MetricSettings
) -> dict[str, dict[str, dict[str, float]]]:
    """Spearman and top-k IoU of every pair of maps: {a: {b: {"spearman", "iou"}}}, both ways."""
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in maps}
    ready = {k: Comparable(m, settings.smoothing, settings.top) for k, m in maps.items()}
    for a, b in combinations(maps, 2):
        pair = {"spearman": ready[a].spearman(ready[b]), "iou": ready[a].iou(ready[b])}
        found[a][b] = found[b][a] = pair
    return found


def whereabouts(maps: dict[str, np.ndarray], mask: np.ndarray | None) -> dict[str, dict[str, Any]]:
    """Share of attribution inside the organ and the pointing game, by map; empty without one."""
    if mask is None:
        return {name: {} for name in maps}
    return {
        name: {"inside_organ": share_inside(m, mask), "pointing": pointing(m, mask)}
        for name, m in maps.items()
    }
