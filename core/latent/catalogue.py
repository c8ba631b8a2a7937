"""All directions of a generator with what each measurably does, shipped beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import CancelledError
from core.latent import attributes
from core.latent.directions import (
    Direction,
    attribute_direction,
    class_direction,
    save_directions,
    scaled,
    within_classes,
)
from core.latent.effects import (
    Effect,
    Measure,
    curves,
    effects,
    entanglement,
    identity,
    name_by_effect,
)
from core.latent.mixing import layer_groups
from core.latent.pca import Codes, components, sample_codes
from core.latent.sefa import sefa
from core.models.gan.stylegan2 import StyleGAN2
from core.preprocessing import Preprocessing


def discover(
    generator: StyleGAN2,
    classes: list[str],
    preprocessing: Preprocessing,
    per_class: int = 64,
    organ: str = "",
) -> tuple[list[Direction], Codes]:
    """SeFa over all layers and per layer group, PCA, class boundaries and attribute directions.

    Args:
        generator: in evaluation mode.
        classes: class ids, in the order of its conditions.
        preprocessing: turns its images into pixels, whose attributes are measured.
        per_class: random codes per class.
        organ: `Domain.organ`, whose area and opacity are attributes too.
    """
    codes = sample_codes(generator, generator.z_dim, len(classes), per_class)
    found = [Direction(f"sefa-{i + 1}", "sefa", "", v) for i, v in enumerate(sefa(generator, 4)[0])]
    for group, layers in layer_groups(generator.num_layers).items():
        vectors, _ = sefa(generator, 2, list(layers))
        found += [
            Direction(f"sefa-{group}-{i + 1}", "sefa", "", v, layers=layers)
            for i, v in enumerate(vectors)
        ]
    parts = components(codes, 4)
    found += [Direction(f"pca-{i + 1}", "pca", "", v) for i, v in enumerate(parts.directions)]
    for label, name in enumerate(classes):
        vector = class_direction(codes.w, (codes.labels == label).numpy())
        found.append(Direction(f"class-{name}", "class", f"towards {name}", vector))
    found += _attribute_directions(generator, codes, preprocessing, organ)
    return [_with_unit(d, codes) for d in found], codes


def _with_unit(direction: Direction, codes: Codes) -> Direction:
    """Classes lie apart: their boundaries are crossed in units of the spread over all of them."""
    one = torch.zeros_like(codes.labels)
    return scaled(direction, codes.w, one if direction.kind == "class" else codes.labels)


def _attribute_directions(
    generator: StyleGAN2, codes: Codes, preprocessing: Preprocessing, organ: str
) -> list[Direction]:
    device = generator.w_mean.device
    rows = []
    with torch.no_grad():
        for w in codes.w.split(16):
            layered = w[:, None].expand(-1, generator.num_layers, -1).to(device)
            pixels = preprocessing.denormalise(generator.synthesise(layered))
            rows.append(attributes.measure(pixels, organ))
    values = within_classes(torch.from_numpy(np.concatenate(rows)), codes.labels).numpy()
    w = within_classes(codes.w, codes.labels)
    return [
        Direction(_id(name), "attribute", name, attribute_direction(w, values[:, i]))
        for i, name in enumerate(attributes.names(generator.channels, organ))
    ]


def _id(name: str) -> str:
    return f"attribute-{name.replace(' ', '-')}"


def describe(
    generator: StyleGAN2,
    directions: list[Direction],
    codes: Codes,
    measure: Measure,
    quantities: list[str],
    n: int = 32,
    progress: Callable[[float], bool] | None = None,
) -> tuple[list[Direction], dict[str, Any]]:
    """Measure every direction on n latents, spread over the classes, and name it by its effect.

    Args:
        generator: in evaluation mode.
        directions: to be measured.
        codes: latents they were not found from.
        measure: gives `quantities`, and after them features for the distance of identity.
        quantities: names of the first columns.
        n: latents.
        progress: told the share done before each direction; returns False to cancel.

    Returns:
        The directions with names, and a table: id to effects, entanglement, identity and n.
    """
    chosen = torch.linspace(0, len(codes.w) - 1, n).long()
    w = codes.w[chosen][:, None].repeat(1, generator.num_layers, 1).to(generator.w_mean.device)
    labels = codes.labels[chosen].numpy()
    named, table = [], {}
    for done, direction in enumerate(directions):
        if progress and not progress(done / len(directions)):
            raise CancelledError("Cancelled.")
        measured = curves(generator, direction, w, measure)
        found = effects(measured[..., : len(quantities)], quantities)
        features = measured[..., len(quantities) :]
        named.append(replace(direction, name=title(direction, found)))
        table[direction.id] = {
            "n": n,
            "identity": identity(features, classes=labels) if features.shape[2] else {},
            "effects": [e.to_dict() for e in found],
            "entanglement": entanglement(found),
            "named_by_effect": name_by_effect(found),
        }
    return named, table


def title(direction: Direction, found: list[Effect]) -> str:
    """A direction's name: its strongest effect, and what it was fitted to where that differs."""
    strongest = name_by_effect(found)
    if direction.kind == "attribute":
        same = strongest == f"more {direction.name}"
        return strongest if same else f"{strongest} (fitted to {direction.name})"
    return f"{direction.name or direction.id}: {strongest}"


def measure_with(
    preprocessing: Preprocessing,
    models: dict[str, Callable[[torch.Tensor], torch.Tensor]],
    organ: str = "",
) -> Measure:
    """A measure of attributes and of every model's outputs.

    Args:
        preprocessing: turns images into pixels.
        models: name to a function from normalised images to (N, K).
        organ: `Domain.organ`, whose area and opacity are measured too.
    """

    @torch.no_grad()
    def measure(images: torch.Tensor) -> np.ndarray:
        columns = [attributes.measure(preprocessing.denormalise(images), organ)]
        columns += [model(images).double().cpu().numpy() for model in models.values()]
        return np.concatenate(columns, 1)

    return measure


def ship(directions: list[Direction], table: dict[str, Any], folder: Path) -> None:
    """Write directions and effects into a checkpoint's folder."""
    save_directions(directions, folder)
    write_rows(folder / "effects.json", table)


def write_rows(path: Path, table: dict[str, Any]) -> None:
    """Write a table as JSON, one row a line, numbers to five significant digits."""
    rows = [f"{json.dumps(key)}: {json.dumps(short(row))}" for key, row in table.items()]
    partial = path.with_name(path.name + ".partial")
    partial.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    partial.replace(path)


def short(value: Any) -> Any:
    """The same structure with floats of five significant digits."""
    if isinstance(value, dict):
        return {k: short(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [short(v) for v in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
