"""How much faster an epoch is read from the cache than from the zip."""

from __future__ import annotations

import io
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core import domains
from core.bench.base import Measurement
from core.data.archive import Archive, open_all
from core.data.cache import cached, decode
from core.data.items import Item
from core.data.layouts import items_in
from core.domains import Domain
from core.errors import SynthLensError
from core.preprocessing import Preprocessing

SIZE, BATCH, IMAGES, EPOCHS = 128, 64, 1024, 5


def run(domain: str | None = None, data: list[Path] | None = None) -> Iterator[Measurement]:
    """Read the same images as shuffled batches from cache and from zip, at 128 px.

    Without `data` a zip of made-up JPEGs of 224 px, in the brain MRI layout, is used.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = domains.get(domain or "brain_mri")
        paths = list(data or []) or [made_up(Path(folder), own)]
        archives = open_all(paths)
        items = items_in(archives, own)
        if not items:
            raise SynthLensError(f"There is no image of {own.id} in the data given.")
        order = np.random.default_rng(0).permutation(len(items))[:IMAGES]
        yield measure(archives, [items[i] for i in order], own, Path(folder))


def measure(
    archives: list[Archive], items: list[Item], domain: Domain, folder: Path
) -> Measurement:
    """Images per second from a cache filled in `folder`, beside images per second from zip."""
    recipe = Preprocessing(size=SIZE, channels=domain.channels)
    used = [a for a in archives if a.name in {i.archive for i in items}]
    by_name = {a.name: a for a in used}

    def from_zip(rows: np.ndarray) -> np.ndarray:
        chosen = [items[i] for i in rows]
        images = (decode(by_name[i.archive].read(i.path), i.path) for i in chosen)
        return np.stack([recipe.pixels(image) for image in images])

    slow = epoch(from_zip, len(items), 1)
    store = cached(used, items, recipe, folder / "cache")
    fast = epoch(lambda rows: store.images[rows], len(items), EPOCHS)
    return Measurement(
        f"data {domain.id}: epoch at {SIZE} px from the cache",
        len(items) / fast,
        "images/s",
        len(items) / slow,
        len(items),
        compared_with="the same images read, decoded and resized from the zip, one core",
        goal=">= 20",
    )


def epoch(read: Callable[[np.ndarray], object], n: int, epochs: int) -> float:
    """Seconds of one epoch of shuffled uint8 batches, the mean over `epochs`."""
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(epochs):
        order = rng.permutation(n)
        for first in range(0, n, BATCH):
            read(np.sort(order[first : first + BATCH]))
    return (time.perf_counter() - start) / epochs


def made_up(folder: Path, domain: Domain, n: int = 256) -> Path:
    """A zip of made-up JPEGs in the brain MRI layout."""
    rng = np.random.default_rng(0)
    path = folder / "brain-made-up.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(n):
            coarse = rng.integers(0, 255, (28, 28), dtype=np.uint8)
            stream = io.BytesIO()
            Image.fromarray(coarse).resize((224, 224)).save(stream, "JPEG", quality=90)
            name = domain.class_ids[i % len(domain.class_ids)]
            archive.writestr(f"Training/{name}/Tr-{i:04d}.jpg", stream.getvalue())
    return path
