"""Ways in which a machine fails."""

import resource
import signal
import sys
from contextlib import contextmanager

import pytest

_closed: list[str] = []


def _guard(event, arguments):
    if not _closed:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        writes = writes or (isinstance(flags, int) and flags & 0o3 and mode is None)
    else:
        path, writes = arguments[0], event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir")
    if writes and isinstance(path, str) and any(path.startswith(root) for root in _closed):
        raise PermissionError(30, "Read-only file system", path)


sys.addaudithook(_guard)  # can't be taken away again; without closed folders it does nothing


@contextmanager
def read_only(folder):
    """Python cannot write below a folder, whoever runs the tests."""
    _closed.append(str(folder))
    try:
        yield
    finally:
        _closed.clear()


@contextmanager
def full_disk(room=2000):
    """No file can grow beyond `room` bytes: what a write meets when the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture(autouse=True)
def nothing_stays_closed():
    yield
    assert not _closed
