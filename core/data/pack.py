"""A pack: the training and validation images of a domain in one file, already split and labelled.

For machines that train without the archives: the pack is smaller, nothing is hashed or compared
again, and the test split stays at home.
"""

from __future__ import annotations

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.data.archive import open_all
from core.data.cache import decode
from core.data.dataset import DomainData
from core.data.items import Item
from core.domains import Domain
from core.errors import DataError
from core.preprocessing import Preprocessing

SUFFIX = ".pack"
INDEX = "index.json"
SPLITS = ("train", "val")


def write_pack(data: DomainData, paths: list[Path], out: Path) -> int:
    """Write the images of training and validation, as stored at the source, with their labels.

    Args:
        data: the domain, split.
        paths: the archives that `data` was read from.
        out: the file to write; its name ends in ".pack".

    Returns:
        How many images it holds.
    """
    kept = np.flatnonzero(np.isin(data.split, SPLITS))
    archives = {a.name: a for a in open_all(paths)}
    index = {
        "domain": data.domain.id,
        "archives": data.archives,
        "items": [asdict(data.items[i]) for i in kept],
        "split": data.split[kept].tolist(),
        "group": data.group[kept].tolist(),
        "pixel_hashes": [data.pixel_hashes[i] for i in kept],
        "perceptual": data.perceptual_hashes[kept].tolist(),
    }
    with zipfile.ZipFile(out, "w") as store:
        store.writestr(INDEX, json.dumps(index), zipfile.ZIP_DEFLATED)
        for n, i in enumerate(kept):
            item = data.items[i]
            store.writestr(str(n), archives[item.archive].read(item.path))
    return len(kept)


def domain_of_pack(path: Path) -> str:
    """Which domain a pack belongs to."""
    return str(_index(path)["domain"])


def read_pack(path: Path, domain: Domain, recipe: Preprocessing | None = None) -> DomainData:
    """Decode a pack; its images are kept in memory, and its test split is empty.

    Raises:
        DataError: not a pack, or one of another domain.
    """
    index = _index(path)
    if index["domain"] != domain.id:
        raise DataError(
            f"{path} holds {index['domain']}, not {domain.id}; give that domain's pack."
        )
    items = [Item(**i) for i in index["items"]]
    recipe = recipe or Preprocessing(size=domain.size, channels=domain.channels)
    with zipfile.ZipFile(path) as store:
        blobs = [store.read(str(n)) for n in range(len(items))]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        images = list(pool.map(lambda b, i: recipe.pixels(decode(b, i.path)), blobs, items))
    classes = {c: n for n, c in enumerate(domain.class_ids)}
    return DomainData(
        domain=domain,
        preprocessing=recipe,
        items=items,
        images=np.stack(images),
        class_index=np.array([classes[i.class_id] for i in items], dtype=np.int64),
        split=np.array(index["split"]),
        clean_test=np.zeros(len(items), bool),
        group=np.array(index["group"]),
        pixel_hashes=list(index["pixel_hashes"]),
        perceptual_hashes=np.array(index["perceptual"], np.uint8),
        archives=dict(index["archives"]),
    )


def _index(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as store:
            return dict(json.loads(store.read(INDEX)))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no pack; write one with 'python -m core data pack'.") from error
