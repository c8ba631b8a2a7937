"""Processes that are killed with the signal nobody can catch, and begun again."""

import multiprocessing
import time
from pathlib import Path

from tests.faults import worker

PATIENCE = 900.0  # seconds; only a machine that stands still needs them
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.faults.worker"])  # torch is imported once


class Killed:
    """A piece of work in a folder of its own.

    Args:
        kind: a function of `tests.faults.worker`.
        folder: where the work keeps everything.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        folder.mkdir(parents=True)

    def kill_at(self, moment: str, number: int) -> list[str]:
        """Begin and kill at a moment; what was done until then."""
        process = self._begin(moment, number)
        held, end = self.folder / "held", time.monotonic() + PATIENCE
        while not held.exists() and process.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        process.kill()
        process.join(30)
        assert held.exists(), f"the work never came to {moment} {number}"
        assert process.exitcode == -9
        held.unlink()
        return self.done()

    def finish(self) -> list[str]:
        """Begin, or go on, and work to the end; what was done this time."""
        before = len(self.done())
        process = self._begin("", 0)
        process.join(PATIENCE)
        late = process.is_alive()
        process.kill()
        assert not late and process.exitcode == 0
        return self.done()[before:]

    def done(self) -> list[str]:
        """All lines so far."""
        path = self.folder / "done.txt"
        return path.read_text().splitlines() if path.exists() else []

    def _begin(self, moment: str, number: int):
        arguments = (self.kind, self.folder, moment, number)
        process = _server.Process(target=worker.start, args=arguments, daemon=True)
        process.start()
        return process
