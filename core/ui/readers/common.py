"""What the three views of a reader study share."""

from __future__ import annotations

from functools import lru_cache

from core.readers.database import Database

VIEWS = {"part": "Take part", "setup": "Set up", "results": "Results"}
SIMULATED = ":orange-badge[:material/smart_toy: SIMULATED readers, no people]"
METHOD_NAMES = {"random": "Random map (control)", "edge": "Edges (control)"}


@lru_cache(maxsize=4)
def _database(url: str | None) -> Database:
    return Database(url)


def database() -> Database:
    """The one database of the process; `SYNTHLENS_DB` may change between tests only."""
    import os

    return _database(os.environ.get("SYNTHLENS_DB"))


def method_name(method: str) -> str:
    """An explanation method's or control's name for people."""
    from core.ui.figures.maps import title

    return METHOD_NAMES.get(method) or title(method)
