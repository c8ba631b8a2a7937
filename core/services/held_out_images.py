"""Test images by index, for people who have the data set beside the app."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from core import domains
from core.data.dataset import DomainData, load
from core.errors import DataError, SynthLensError

VARIABLE = "SYNTHLENS_DATA"


def folder() -> Path | None:
    """The data folder that `SYNTHLENS_DATA` names, or None where there is none."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named and Path(named).is_dir() else None


@lru_cache(maxsize=2)
def _loaded(domain: str, path: Path) -> DomainData:
    return load(domains.get(domain), [path])


def images_at(
    domain: str, index: list[int], archives: dict[str, str], most: int = 12
) -> list[tuple[int, str, np.ndarray]]:
    """Images at positions of a domain's data, with the names of their classes.

    Args:
        domain: domain id.
        index: positions.
        archives: sha256 by name of the archives that the positions count in.
        most: images at most.

    Returns:
        (position, class name, (S, S, C) uint8); empty where no data folder is named.

    Raises:
        DataError: the folder holds other archives of this domain, or none.
    """
    path = folder()
    if path is None:
        return []
    try:
        data = _loaded(domain, path)
    except SynthLensError as error:
        raise DataError(f"No test image of {domain} could be read from {path}.") from error
    if data.archives != archives:
        raise DataError(
            f"The archives in {path} are not those of the study ({', '.join(archives)}): "
            "its positions mean other images there."
        )
    names = [data.domain.class_name(data.items[i].class_id) for i in index[:most]]
    return [(i, name, np.asarray(data.images[i])) for i, name in zip(index[:most], names)]
