"""A reader's side: join or go on, one case at a time, pause, finish."""

from __future__ import annotations

import streamlit as st

from core.errors import SynthLensError
from core.readers import sessions
from core.readers.design import ROLES, TASKS
from core.readers.sessions import Now
from core.ui import layout
from core.ui.readers.common import database
from core.ui.readers.trial import show_trial

CONSENT = (
    "Stored: your role, your years of experience, your answers and how long they took. No name, "
    "no address. You can stop at any time, and the investigator deletes your answers if you ask "
    "with your reader number."
)
KEYS = (
    "Keys: the number beside an answer gives it, Backspace takes the last one back where a case "
    "asks several things, Enter goes to the next case. An answer is saved before the next case "
    "shows, and cannot be changed after that."
)


def take_part() -> None:
    """The whole view; the reader's code is in the URL, so that reloading it goes on."""
    token = st.query_params.get("reader", "")
    if not token:
        _enter()
        return
    with layout.said_plainly():
        now = sessions.where(database(), token)
        if now.position is None:
            _finished(now)
        elif st.session_state.get("_reading") != token:
            _ready(now, token)
        else:
            _trials(token)
        return
    st.button("Enter another code", on_click=_leave)


def _enter() -> None:
    new, back = st.columns(2, gap="large")
    with new, st.container(border=True):
        st.markdown("##### Join a study")
        code = st.text_input("Study code", key="study", bind="query-params", max_chars=12)
        role = st.selectbox("Your role", ROLES, index=None, key="role", format_func=str.capitalize)
        years = st.number_input("Years of experience", 0, sessions.MOST_YEARS, key="years")
        st.caption(CONSENT)
        if st.button("Join", type="primary", disabled=not (code and role)):
            with layout.said_plainly():
                _go(sessions.join(database(), code, role or "", int(years)))
    with back, st.container(border=True):
        st.markdown("##### Go on where you stopped")
        token = st.text_input("Your code to go on", key="token", max_chars=20)
        if st.button("Go on", disabled=not token):
            with layout.said_plainly():
                sessions.where(database(), token)
                _go(token)


def _go(token: str) -> None:
    st.query_params["reader"] = token
    st.rerun()


def _leave() -> None:
    st.query_params.pop("reader", None)
    st.session_state.pop("_reading", None)


def _ready(now: Now, token: str) -> None:
    with st.container(border=True):
        st.markdown(f"#### {_plain(now.study)}")
        done = f"{now.done} of {now.total} answered" if now.done else f"{now.total} questions"
        st.markdown(f"You are **reader {now.number}**: {done}.")
        tasks = [name for task, name in TASKS.items() if now.design["cases"].get(task)]
        st.markdown("Tasks: " + "; ".join(tasks) + ".")
        if "share" in now.design["tell"] and now.design["cases"].get("turing"):
            st.markdown("Half of the images in “Real or synthetic?” are synthetic.")
        st.markdown("Your code to go on later, on any device:")
        st.code(token, language=None)
        st.caption(KEYS)
        label = "Go on" if now.done else "Start"
        st.button(
            label, type="primary", key="start", shortcut="Enter", on_click=_start, args=(token,)
        )


def _start(token: str) -> None:
    st.session_state["_reading"] = token


def _plain(title: str) -> str:
    from core.ui.text import escape

    return escape(title)


@st.fragment
def _trials(token: str) -> None:
    try:
        now = sessions.where(database(), token)
        if now.position is None:
            st.rerun()
        row = st.container(horizontal=True, vertical_alignment="center")
        row.progress(now.done / now.total, f"{now.done} of {now.total}")
        if row.button("Pause", icon=":material/pause:", key="pause", shortcut="Esc"):
            st.session_state.pop("_reading", None)
            st.rerun()
        show_trial(now, token)
    except SynthLensError as error:
        st.error(str(error), icon=":material/error:")
        st.button("Try again", key="again")


def _finished(now: Now) -> None:
    with st.container(border=True):
        st.markdown("#### Thank you: every case is answered.")
        st.markdown(
            f"You were **reader {now.number}** of study **{now.code}**. Ask the investigator with "
            "this number if your answers should be deleted."
        )
        if "score" in now.design["tell"]:
            _score(now)
        st.button("Leave", on_click=_leave)


def _score(now: Now) -> None:
    from core.readers.analysis.detection import reader_lines
    from core.readers.records import frame

    rows = frame(database(), now.code)
    own = rows[(rows["reader"] == now.number) & (rows["task"] == "turing")]
    if own.empty:
        return
    found = reader_lines(own)[0]["accuracy"]
    low, high = found["ci"]
    st.markdown(
        f"“Real or synthetic?”: **{found['k']} of {found['n']}** right "
        f"(95 % interval {low:.0%} to {high:.0%}; guessing gives 50 %)."
    )
