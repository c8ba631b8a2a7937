"""Decode and resize once: a memory-mapped cache keyed by archive hash and settings."""

from __future__ import annotations

import hashlib
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.cards import write_json
from core.data.archive import Archive
from core.data.hashes import perceptual_hash, pixel_hash
from core.data.items import Item
from core.errors import DataError
from core.preprocessing import Preprocessing

FORMAT = 1  # raise when the meaning of a cached file changes
FOLDER = Path(os.environ.get("SYNTHLENS_CACHE", Path.home() / ".cache" / "synthlens"))


@dataclass(frozen=True)
class Cached:
    """Decoded images and hashes, in the order of the items.

    Attributes:
        images: (N, S, S, C) uint8, memory-mapped.
        pixel_hashes: N exact hashes of the pixels as stored at the source.
        perceptual: (N, 32) uint8 perceptual hashes.
        hit: whether everything was there already.
    """

    images: np.ndarray
    pixel_hashes: list[str]
    perceptual: np.ndarray
    hit: bool


def decode(data: bytes, name: str = "") -> np.ndarray:
    """One archive member to (H, W) or (H, W, 3) uint8.

    Raises:
        DataError: not a readable image.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "TIFF", "BMP")) as image:
            return np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{name} is no readable image; leave it out or replace it.") from error


def cache_key(archives: list[Archive], items: list[Item], preprocessing: Preprocessing) -> str:
    """Digest of everything the cached pixels depend on."""
    parts = [FORMAT, preprocessing.to_dict(), [a.digest() for a in archives]]
    parts.append([[i.archive, i.path] for i in items])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def cached(
    archives: list[Archive],
    items: list[Item],
    preprocessing: Preprocessing,
    folder: Path | None = None,
) -> Cached:
    """Return the cache of these items, filling it first where needed."""
    home = (folder or FOLDER) / cache_key(archives, items, preprocessing)
    hit = (home / "index.json").exists()
    if not hit:
        _fill(home, archives, items, preprocessing)
    index = json.loads((home / "index.json").read_text())
    images = np.load(home / "images.npy", mmap_mode="r")
    return Cached(images, index["pixel_hashes"], np.load(home / "perceptual.npy"), hit)


def _fill(
    home: Path, archives: list[Archive], items: list[Item], preprocessing: Preprocessing
) -> None:
    home.mkdir(parents=True, exist_ok=True)
    by_name = {a.name: a for a in archives}
    shape = (len(items), preprocessing.size, preprocessing.size, preprocessing.channels)
    partial = home / f"images.{os.getpid()}.npy"
    images = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)

    def one(position: int) -> tuple[str, np.ndarray]:
        item = items[position]
        pixels = decode(by_name[item.archive].read(item.path), item.path)
        images[position] = preprocessing.pixels(pixels)
        return pixel_hash(pixels), perceptual_hash(pixels)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(one, range(len(items))))
    images.flush()
    partial.replace(home / "images.npy")
    np.save(home / "perceptual.npy", np.stack([r[1] for r in results]))
    # The index comes last: its presence says that everything before it is whole.
    write_json(home / "index.json", {"pixel_hashes": [r[0] for r in results]})
