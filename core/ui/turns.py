"""A session's place in the queue of heavy work, shown where the result will appear."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import CancelledError
from core.memory import trim
from core.services import queue
from core.ui import collector

PATIENCE = 1.0  # seconds of work before the button to cancel it shows
_ASKED, _CANCELLED = "_cancel_asked", "_cancelled"
SAID = "Cancelled. Change an input, or start it again."


def begin() -> None:
    """Start a run of the app: heavy work of this thread is this session's from here on.

    A cancellation counts for the run that its click starts, and for no later one.
    """
    st.session_state[_CANCELLED] = st.session_state.pop(_ASKED, False)
    queue.introduce(visitor)
    collector.set_aside()


def visitor() -> queue.Guest:
    """Whoever the current thread works for: a session, or nobody outside the app."""
    context = get_script_run_ctx(suppress_warning=True)
    return Visitor(context.session_id) if context else queue.Guest()


def ask_to_cancel() -> None:
    """Callback: the work that this click interrupts is not to be started again."""
    st.session_state[_ASKED] = True


class Visitor(queue.Guest):
    """One session's request: writes its place and a button to cancel; any click interrupts it.

    Every line written is also where Streamlit stops a script whose browser has gone.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.since = time.monotonic()
        self.box: DeltaGenerator | None = None
        self.line: Any = None

    def waiting(self, place: int) -> None:
        """Show the place in the queue."""
        _stop_if_cancelled()
        ahead = f"{place - 1} ahead of you" if place > 1 else "you are next"
        self._write(f":material/hourglass_top: Others are being served: {ahead}.")

    def working(self) -> None:
        """Show that the work goes on, once it has taken a moment."""
        _stop_if_cancelled()
        if self.box is not None or time.monotonic() - self.since > PATIENCE:
            self._write(":material/progress_activity: Working.")

    def note(self, text: str) -> None:
        """Show what the user should know of how the work was done."""
        st.caption(f":material/info: {text}")

    def finished(self) -> None:
        """Take the line and the button away, and let go of the memory that the work needed."""
        trim()
        if self.box is not None:
            self.box.empty()

    def _write(self, text: str) -> None:
        if self.box is None:
            self.box = st.empty()
            row = self.box.container(horizontal=True, vertical_alignment="center")
            self.line = row.empty()
            turn = st.session_state["_turns"] = st.session_state.get("_turns", 0) + 1
            row.button(
                "Cancel", key=f"cancel:{turn}", on_click=ask_to_cancel, icon=":material/close:"
            )
        self.line.caption(text)


def _stop_if_cancelled() -> None:
    if st.session_state.pop(_ASKED, False) or st.session_state.pop(_CANCELLED, False):
        raise CancelledError(SAID)
