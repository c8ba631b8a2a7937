"""How a model was learned, small enough to ship: the log and the fixed-seed grids of a run."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.errors import DataError

FILE = "dynamics.zip"
LIMIT = 400_000  # bytes
MOST_ROWS = 400
MOST_GRIDS = 24
COLUMNS, SIDE = 4, 64  # of a shipped grid: images a row, pixels an image
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Dynamics:
    """A training run as it went.

    Attributes:
        history: rows of the log, thinned.
        grids: encoded images by step; rows are classes, columns fixed seeds.
        images_seen: by step, where the log tells.
    """

    history: list[dict[str, Any]]
    grids: dict[int, bytes]
    images_seen: dict[int, int]


def read_log(path: Path) -> list[dict[str, Any]]:
    """Rows of a `history.jsonl`; lines cut off by a kill are left out."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def thinned(rows: list[dict[str, Any]], most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """At most about `most` rows, evenly; rows with rare quantities (grids' KID) all stay."""
    often: dict[str, int] = {}
    for row in rows:
        for name in row:
            often[name] = often.get(name, 0) + 1
    step = max(1, math.ceil(len(rows) / most))
    rare = {name for name, n in often.items() if n <= most // 4}
    return [r for i, r in enumerate(rows) if i % step == 0 or rare & r.keys() or r is rows[-1]]


def pack(run: Path, folder: Path, rows: int, limit: int = LIMIT) -> Path:
    """Write `dynamics.zip` into a checkpoint's folder from a training run's folder.

    Args:
        run: holds `history.jsonl` and `grids/<step>.png`.
        folder: of the checkpoint.
        rows: of a grid, the number of classes.
        limit: bytes; grids are compressed harder, then left out, until the file fits.

    Raises:
        DataError: the run's folder holds no log.
    """
    history = thinned(read_log(run / "history.jsonl"))
    if not history:
        raise DataError(f"There is no training log at {run / 'history.jsonl'}.")
    found = sorted((run / "grids").glob("*.png"), key=_step)
    log = "".join(json.dumps(row) + "\n" for row in history).encode()
    for most, quality in ((MOST_GRIDS, 80), (MOST_GRIDS, 60), (MOST_GRIDS, 40), (12, 40), (6, 30)):
        grids = {_step(p): shrink(p, rows, quality) for p in spread(found, most)}
        data = _archive(log, grids)
        if len(data) <= limit:
            break
    path = folder / FILE
    path.write_bytes(data)
    return path


def spread(paths: list[Path], most: int) -> list[Path]:
    """At most `most` of a list, evenly, the first and the last included."""
    if len(paths) <= most:
        return paths
    return [paths[i] for i in np.linspace(0, len(paths) - 1, most).round().astype(int)]


def shrink(path: Path, rows: int, quality: int) -> bytes:
    """The first columns of a grid at `SIDE` px an image, as WebP."""
    image = Image.open(path, formats=["PNG"])
    side = image.height // rows
    columns = min(COLUMNS, image.width // side)
    part = image.crop((0, 0, columns * side, rows * side))
    part = part.resize((columns * SIDE, rows * SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    part.save(stream, "WEBP", quality=quality, method=6)
    return stream.getvalue()


def unpack(folder: Path) -> Dynamics:
    """What `pack` wrote; without it the checkpoint's own log, and no grids.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return _with_images(read_log(folder / "history.jsonl"), {})
    try:
        with zipfile.ZipFile(path) as archive:
            lines = archive.read("history.jsonl").decode().splitlines()
            names = [n for n in archive.namelist() if n.startswith("grids/")]
            grids = {_step(Path(n)): archive.read(n) for n in names}
            return _with_images([json.loads(line) for line in lines], grids)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(
            f"The file {path} is damaged; make it again with 'python -m core dynamics'."
        ) from error


def _with_images(history: list[dict[str, Any]], grids: dict[int, bytes]) -> Dynamics:
    told = [r for r in history if {"step", "images_seen"} <= r.keys()]
    known = {int(r["step"]): int(r["images_seen"]) for r in told}
    return Dynamics(history, grids, {step: known[step] for step in grids if step in known})


def _step(path: Path) -> int:
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else 0


def _archive(log: bytes, grids: dict[int, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("history.jsonl", _EPOCH), log, zipfile.ZIP_DEFLATED)
        for step, data in grids.items():
            archive.writestr(zipfile.ZipInfo(f"grids/{step:07d}.webp", _EPOCH), data)
    return stream.getvalue()
