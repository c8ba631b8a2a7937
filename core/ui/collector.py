"""Keeps Python's garbage collector from holding up every click.

Streamlit collects all garbage after each run of a script. With PyTorch and its company imported
that walks about a million objects which never die, for a quarter of a second in which no message
reaches the browser. They are set aside, so that later collections see only what came after.
"""

from __future__ import annotations

import gc
import sys

_GROWTH = 25  # modules imported since the last time, from which on it is worth doing again
_seen = 0


def set_aside() -> bool:
    """Take what is alive now out of the collector's sight, if many modules came in since.

    Objects set aside are still freed when nothing refers to them; only cycles among them stay.

    Returns:
        Whether it was done.
    """
    global _seen
    if len(sys.modules) < _seen + _GROWTH:
        return False
    _seen = len(sys.modules)
    gc.collect()
    gc.freeze()
    return True
