"""Heavy work takes turns: fair among sessions, with a place in the queue, cancellable.

A service asks for `turn()`; outside the app nobody else waits and the turn is immediate. Of those
waiting, the session that was served longest ago goes first, so that one visitor's tenth request
never delays another's first. Leaving the `with` block, by any exception too, frees the turn: a
session that crashes, cancels or disconnects holds nothing back.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)

POLL = 0.5  # seconds between looks at one's place; each may raise to leave the queue
QUANTUM = 1.0  # seconds after which long work lets others go first, where it says it can
FORGET = 600.0  # seconds after which a session's last turn no longer counts


class Guest:
    """Who asks for a turn; the app's own (`core.ui.turns`) shows the place and raises to cancel.

    Attributes:
        owner: requests of one owner share its turns.
    """

    owner: str = "-"

    def waiting(self, place: int) -> None:
        """Called every `POLL` seconds with the place in the queue, 1 being next; may raise."""

    def working(self) -> None:
        """Called when the turn has come and as the work goes on; may raise."""

    def note(self, text: str) -> None:
        """Called with what the user should know of how the work was done."""
        _log.warning(text)

    def finished(self) -> None:
        """Called when the work has ended or failed, but not where the session itself is stopped."""


@dataclass
class _Ticket:
    owner: str
    number: int


@dataclass
class Turn:
    """A turn in hand.

    Attributes:
        since: when it began, on the monotonic clock.
        held: False while others go first.
    """

    queue: Queue
    guest: Guest
    since: float = field(default_factory=time.monotonic)
    held: bool = True

    def beat(self) -> None:
        """Say that the work goes on; raises where it was cancelled."""
        self.guest.working()

    def breathe(self) -> None:
        """Let others go first where this turn has lasted long; call it with no lock held."""
        self.beat()
        if time.monotonic() - self.since >= QUANTUM and self.queue.length():
            self.end()
            self.queue.enter(self.guest)
            self.since, self.held = time.monotonic(), True

    def end(self) -> None:
        """Give the turn back, once."""
        if self.held:
            self.held = False
            self.queue.leave(self.guest.owner)


class Queue:
    """Turns of heavy work.

    Args:
        slots: turns at one time.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._free = slots
        self._waiting: list[_Ticket] = []
        self._served: dict[str, float] = {}
        self._numbers = itertools.count()
        self._change = threading.Condition()
        self._held = threading.local()

    def length(self) -> int:
        """Requests that wait."""
        with self._change:
            return len(self._waiting)

    def running(self) -> int:
        """Turns in hand."""
        with self._change:
            return self.slots - self._free

    @contextmanager
    def turn(self, guest: Guest) -> Iterator[Turn]:
        """Wait for a turn and hold it; a turn within a turn of the same thread is the same one.

        Raises:
            Exception: whatever the guest raises to cancel.
        """
        outer: Turn | None = getattr(self._held, "turn", None)
        if outer is not None:
            yield outer
            return
        self.enter(guest)
        own = Turn(self, guest)
        self._held.turn = own
        try:
            own.beat()
            yield own
        except Exception:
            own.end()
            guest.finished()
            raise
        finally:  # a stopped session raises what is no Exception
            self._held.turn = None
            own.end()
        guest.finished()

    def enter(self, guest: Guest) -> None:
        """Wait until this guest is next and a slot is free.

        Raises:
            Exception: whatever `guest.waiting` raises; the place is given up.
        """
        with self._change:
            ticket = _Ticket(guest.owner, next(self._numbers))
            self._waiting.append(ticket)
        try:
            while not self._taken(ticket):
                guest.waiting(self._place(ticket))
        except BaseException:
            with self._change:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                else:
                    self._free += 1
                self._change.notify_all()
            raise

    def leave(self, owner: str) -> None:
        """Give a turn back."""
        with self._change:
            self._free += 1
            now = time.monotonic()
            self._served = {k: t for k, t in self._served.items() if now - t < FORGET}
            self._served[owner] = now
            self._change.notify_all()

    def _taken(self, ticket: _Ticket) -> bool:
        """Take a slot where one is free and this ticket is next; wait a little otherwise."""
        end = time.monotonic() + POLL
        with self._change:
            while self._free == 0 or self._order()[0] is not ticket:
                left = end - time.monotonic()
                if left <= 0 or not self._change.wait(left):
                    return False
            self._free -= 1
            self._waiting.remove(ticket)
            self._change.notify_all()
            return True

    def _place(self, ticket: _Ticket) -> int:
        with self._change:
            return self._order().index(ticket) + 1

    def _order(self) -> list[_Ticket]:
        """Those waiting, by who was served longest ago, then by who asked first."""
        return sorted(self._waiting, key=lambda t: (self._served.get(t.owner, 0.0), t.number))


def _slots() -> int:
    wanted = os.environ.get("SYNTHLENS_HEAVY_JOBS", "")
    return max(1, int(wanted)) if wanted.isdigit() else max(1, (os.cpu_count() or 1) // 2)


_queue = Queue(_slots())
_guest: Callable[[], Guest] = Guest


def introduce(who: Callable[[], Guest]) -> None:
    """Set how the asking session is found; called in the thread that asks."""
    global _guest
    _guest = who


def guest() -> Guest:
    """Whoever asks in this thread."""
    return _guest()


def say(text: str) -> None:
    """Tell whoever asks in this thread something about how the work was done."""
    _guest().note(text)


def turn() -> AbstractContextManager[Turn]:
    """A turn of the process's queue for whoever asks in this thread; use it with `with`."""
    return _queue.turn(_guest())
