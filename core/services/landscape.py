"""The shipped 2-D map of a generator's images, for a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import CheckpointError
from core.evaluate.map import FILE
from core.registry import Registry


@dataclass(frozen=True)
class Landscape:
    """Generated images on a plane, and real ones as density.

    Attributes:
        points: (x, y) by class id; position is the seed.
        explained: shares of the features' variance on the two axes.
        real: "x", "y" of cells, "count" and "uncovered" by cell; empty where no reference of
            real images is shipped.
        coverage: {"generated", "real"} with "rate", "ci" and "n"; empty likewise.
    """

    points: dict[str, list[list[float]]]
    explained: tuple[float, float]
    real: dict[str, Any]
    coverage: dict[str, Any]


def landscape(registry: Registry, model: str) -> Landscape | None:
    """What `python -m core map-images` wrote beside a checkpoint; None where it did not.

    Raises:
        CheckpointError: the file is damaged.
    """
    path = registry.folder(model) / FILE
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
        first, second = found["plane"]["explained"]
        return Landscape(
            found["points"],
            (float(first), float(second)),
            found.get("real", {}),
            found.get("coverage", {}),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"The file {path} is damaged; make it again with 'python -m core map-images'."
        ) from error
