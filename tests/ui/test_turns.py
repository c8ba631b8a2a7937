"""The place in the queue as the page shows it, and its button to cancel."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from core.services import queue
from core.ui import turns


def page():
    import streamlit as st

    from core.errors import CancelledError
    from core.services import queue
    from core.ui import turns

    turns.begin()
    st.button("Something else", key="other")
    try:
        with queue.turn() as own:
            own.beat()
            st.write("Result")
    except CancelledError as error:
        st.error(str(error))


@pytest.fixture
def busy(monkeypatch):
    """A queue whose only turn another session holds until `free()`."""
    monkeypatch.setattr(queue, "POLL", 0.02)
    monkeypatch.setattr(queue, "_queue", queue.Queue(1))
    monkeypatch.setattr(queue, "_guest", queue.Guest)
    held, freed = threading.Event(), threading.Event()

    def other():
        with queue._queue.turn(queue.Guest()):
            held.set()
            freed.wait(20)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(5)
    yield freed.set
    freed.set()
    thread.join(5)


def test_the_place_shows_while_waiting_and_goes_when_done(busy, monkeypatch):
    lines = []
    write = turns.Visitor._write

    def note(self, text):
        lines.append(text)
        write(self, text)
        if len(lines) == 3:
            busy()

    monkeypatch.setattr(turns.Visitor, "_write", note)
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception and "Result" in [m.value for m in app.markdown]
    assert "you are next" in lines[0] and "Working" in lines[-1]
    assert not app.caption and [b.key for b in app.button] == ["other"]


def test_a_click_on_cancel_counts_for_one_run_only(busy):
    busy()
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state[turns._ASKED] = True  # what the button's callback leaves
    app.run()
    assert [e.value for e in app.error] == [turns.SAID]
    assert queue._queue.running() == 0 and queue._queue.length() == 0
    app.button(key="other").click().run()
    assert not app.error and "Result" in [m.value for m in app.markdown]


def test_a_cancellation_of_a_run_without_work_does_not_linger(busy):
    busy()

    def idle():
        import streamlit as st

        from core.ui import turns

        turns.begin()
        st.write(st.session_state[turns._CANCELLED])

    app = AppTest.from_function(idle, default_timeout=30)
    app.session_state[turns._ASKED] = True
    assert [m.value for m in app.run().markdown] == ["`True`"]
    assert [m.value for m in app.run().markdown] == ["`False`"]


def test_outside_the_app_nobody_is_asked():
    guest = turns.visitor()
    assert type(guest) is queue.Guest and guest.owner == "-"
