"""Files and folders given on the command line, read one by one; a bad file stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import SynthLensError, UnreadableImageError

BATCH = 32


@dataclass
class Input:
    """One file: its pixels as `core.images` gives them, or why it cannot be read."""

    path: Path
    pixels: np.ndarray | None = None
    error: str | None = None


def read(paths: list[Path]) -> Iterator[Input]:
    """Every image of files and folders (sorted), in the order given.

    A path that does not exist, an empty folder and an unreadable file all yield an error entry.
    """
    from core.images import list_images

    for path in paths:
        try:
            found = list_images([path])
        except SynthLensError as error:
            yield Input(path, error=str(error))
            continue
        if not found:
            yield Input(path, error=f"There is no image at {path}.")
        for file in found:
            yield _read_one(file)


def _read_one(path: Path) -> Input:
    from core.images import read_image

    try:
        return Input(path, read_image(path.read_bytes(), path.name).pixels)
    except UnreadableImageError as error:
        return Input(path, error=str(error))
    except OSError as error:
        return Input(path, error=f"Cannot read {path}: {error.strerror}.")


def answer(
    inputs: Iterator[Input], work: Callable[[list[np.ndarray]], list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """One line per input, in order, worked on in batches.

    Args:
        inputs: from `read`.
        work: takes the readable images of a batch and returns one line for each.

    Yields:
        `path` and what `work` returned, or `path` and `error`.
    """
    batch: list[Input] = []
    for entry in inputs:
        batch.append(entry)
        if len(batch) == BATCH:
            yield from _finish(batch, work)
            batch = []
    yield from _finish(batch, work)


def _finish(
    batch: list[Input], work: Callable[[list[np.ndarray]], list[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    images = [entry.pixels for entry in batch if entry.pixels is not None]
    lines = iter(work(images) if images else [])
    for entry in batch:
        if entry.pixels is None:
            yield {"path": str(entry.path), "error": entry.error}
        else:
            yield {"path": str(entry.path), **next(lines)}
