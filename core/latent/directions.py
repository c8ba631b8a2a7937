"""Directions in W: semantic ones by linear models, how far a unit goes, and how to apply them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression, Ridge

from core.cards import write_json
from core.errors import CheckpointError


@dataclass(frozen=True)
class Direction:
    """One way to move in W.

    Attributes:
        id: stable id, such as "sefa-1" or "class-covid19".
        kind: "sefa", "pca", "class" or "attribute".
        name: display name.
        vector: (w_dim,) of unit length.
        deviation: standard deviation of w along it; the slider's unit.
        layers: layers it acts on, None for all.
    """

    id: str
    kind: str
    name: str
    vector: torch.Tensor
    deviation: float = 1.0
    layers: tuple[int, ...] | None = None


def apply(w: torch.Tensor, moves: list[tuple[Direction, float]]) -> torch.Tensor:
    """Move w along directions, amounts in standard deviations.

    Args:
        w: (N, layers, w_dim).
        moves: directions and amounts; the order does not matter.

    Returns:
        (N, layers, w_dim), `w` itself is left as it is.
    """
    moved = w.clone()
    for direction, amount in moves:
        step = (amount * direction.deviation) * direction.vector.to(w)
        if direction.layers is None:
            moved += step
        else:
            moved[:, list(direction.layers)] += step
    return moved


def scaled(direction: Direction, w: torch.Tensor, labels: torch.Tensor) -> Direction:
    """Set the slider's unit to the deviation of w along the direction within classes.

    Args:
        direction: any direction.
        w: (N, w_dim) random codes.
        labels: (N,) their classes.
    """
    along = w @ direction.vector.to(w)
    rest = [along[labels == c] - along[labels == c].mean() for c in labels.unique()]
    return replace(direction, deviation=float(torch.cat(rest).std()))


def class_direction(w: torch.Tensor, positive: np.ndarray, strength: float = 0.01) -> torch.Tensor:
    """Normal of the linear boundary between two groups of w, towards the positive one.

    Shen et al. 2020 (InterFaceGAN), sec. 3.1, with logistic regression.

    Args:
        w: (N, w_dim).
        positive: (N,) bool.
        strength: inverse of the penalty on standardised w.

    Raises:
        ValueError: one of the groups is empty.
    """
    if positive.all() or not positive.any():
        raise ValueError("A boundary needs images on both sides.")
    spread = w.std(0).clamp_min(1e-6)
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=500)
    model.fit((w / spread).numpy(), positive)
    return _unit(torch.from_numpy(model.coef_[0]).float() / spread)


def attribute_direction(w: torch.Tensor, values: np.ndarray, penalty: float = 1.0) -> torch.Tensor:
    """Direction along which a measured attribute grows, by ridge regression on w.

    Args:
        w: (N, w_dim), means of classes taken off where class differences are not meant.
        values: (N,) of the attribute, likewise.
        penalty: per image, on standardised w.
    """
    spread = w.std(0).clamp_min(1e-6)
    target = (values - values.mean()) / max(values.std(), 1e-12)
    model = Ridge(alpha=penalty * len(w)).fit((w / spread).numpy(), target)
    return _unit(torch.from_numpy(np.asarray(model.coef_)).float() / spread)


def within_classes(values: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Take each class's mean off: (N, ...) and (N,) to (N, ...)."""
    centred = values.clone()
    for label in labels.unique():
        centred[labels == label] -= values[labels == label].mean(0)
    return centred


def save_directions(directions: list[Direction], folder: Path) -> None:
    """Write `directions.safetensors` and their names, beside a checkpoint."""
    save_file({d.id: d.vector.contiguous() for d in directions}, folder / "directions.safetensors")
    entries = [
        {"id": d.id, "kind": d.kind, "name": d.name, "deviation": d.deviation, "layers": d.layers}
        for d in directions
    ]
    write_json(folder / "directions.json", entries)


def load_directions(folder: Path) -> list[Direction]:
    """Read what `save_directions` wrote; an empty list where there is nothing.

    Raises:
        CheckpointError: the files do not fit each other.
    """
    if not (folder / "directions.json").exists():
        return []
    try:
        entries = json.loads((folder / "directions.json").read_text())
        with safe_open(folder / "directions.safetensors", "pt") as vectors:
            return [_direction(entry, vectors.get_tensor(entry["id"])) for entry in entries]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"The directions in {folder} are damaged; make them again with "
            "'python -m core directions'."
        ) from error


def _direction(entry: dict, vector: torch.Tensor) -> Direction:
    layers = None if entry["layers"] is None else tuple(entry["layers"])
    return Direction(**{**entry, "layers": layers}, vector=vector)


def _unit(vector: torch.Tensor) -> torch.Tensor:
    return vector / vector.norm().clamp_min(1e-12)
