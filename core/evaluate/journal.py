"""What a long evaluation has drawn so far, so that a kill costs its last step and no more."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.data import cache

_log = logging.getLogger(__name__)


class Journal:
    """Arrays kept in the cache folder until the evaluation has written its figures.

    Args:
        what: everything the arrays depend on; other content, other journal.
        root: where journals lie; below the cache folder by default.
    """

    def __init__(self, what: dict[str, Any], root: Path | None = None) -> None:
        text = json.dumps(what, sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self.folder = (root or cache.FOLDER / "evaluation") / name

    def once(self, step: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of a step: read where an earlier process finished it, computed otherwise."""
        path = self.folder / f"{step}.npy"
        if path.exists():
            return np.load(path, allow_pickle=False)
        found = compute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            with partial.open("wb") as stream:
                np.save(stream, found, allow_pickle=False)
            partial.replace(path)
        except OSError as error:  # a full disk costs the shortcut, not the evaluation
            _log.warning("Could not keep what was drawn so far: %s", error)
        return found

    def close(self) -> None:
        """Forget everything: the figures are written."""
        shutil.rmtree(self.folder, ignore_errors=True)
