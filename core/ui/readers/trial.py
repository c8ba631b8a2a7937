"""One case on screen: pictures, questions one by one, keys, and the commit."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from core import domains
from core.errors import SynthLensError
from core.readers import sessions
from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, TASKS
from core.readers.sessions import Now
from core.ui.readers.common import database

FASTEST = 0.2  # seconds; a key that is held down must not answer cases that nobody has seen
CAPTIONS = {"image": "Image", "first": "Left", "second": "Right", "map": "The model's map"}
ONE_PRESS = ("turing", COMPARE)  # these are saved as soon as they are answered
WIDTH = {1: 420, 2: 340, 3: 300}


def show_trial(now: Now, token: str) -> None:
    """Draw the reader's current case and take the answer."""
    key = f"{token}:{now.position}"
    if st.session_state.get("_begun") != key:
        sessions.begin(database(), token, now.position or 0)
        st.session_state.update(_begun=key, _since=time.monotonic(), _given={})
    given: dict[str, Any] = st.session_state["_given"]
    if message := st.session_state.pop("_refused", None):
        st.warning(message)
    st.markdown(f"##### {_title(now)}")
    _explain(now)
    _pictures(now)
    _questions(now, token, given)


def _title(now: Now) -> str:
    domain = domains.get(now.domain).name
    name = "About these maps together" if now.task == CAUSABILITY else TASKS[now.task]
    return f"{name} · {domain}"


def _explain(now: Now) -> None:
    domain = domains.get(now.domain)
    if target := now.content.get("target"):
        st.markdown(f"The model's answer: **{domain.class_name(target)}**.")
    if advice := now.content.get("advice"):
        p = now.content.get("advice_p")
        sure = f", with a probability of {p:.0%}" if p is not None else ""
        st.markdown(f"The model says **{domain.class_name(advice)}**{sure}. It may be wrong.")
    if now.task == DIAGNOSE and now.step == 0:
        st.caption("First without help. For research and education, never for diagnosis.")


def _pictures(now: Now) -> None:
    shown = now.content["pictures"]
    width = WIDTH.get(len(shown), 240)
    with st.container(horizontal=True, gap="small", key="reader_pictures"):
        for name, sha in shown.items():
            png = sessions.picture(database(), now.code, sha)
            label = CAPTIONS.get(name, name.capitalize())
            with st.container(width=width, gap="xxsmall"):
                st.image(png, width="stretch", alt=label)
                if len(shown) > 1:
                    st.caption(label)
    if len(shown) > 1:
        st.caption("In a map, red speaks for the model's answer and blue against it.")


def _questions(now: Now, token: str, given: dict[str, Any]) -> None:
    for question in now.asked:
        if question.id in given:
            chosen = dict(question.options)[given[question.id]]
            st.markdown(f":gray[{question.text}] **{chosen}**")
    place = now.position or 0
    open_ = next((q for q in now.asked if q.id not in given), None)
    if open_ is not None:
        count = f" ({len(given) + 1} of {len(now.asked)})" if len(now.asked) > 1 else ""
        st.markdown(f"**{open_.text}**{count}")
        with st.container(horizontal=True, gap="small"):
            for i, (value, label) in enumerate(open_.options):
                st.button(
                    label, key=f"answer:{place}:{open_.id}:{value}", shortcut=str(i + 1),
                    on_click=_choose, args=(now.task, token, place, open_.id, value),
                )  # fmt: skip
    if not given:
        return
    with st.container(horizontal=True):
        st.button(
            "Take back", key=f"back:{place}", shortcut="Backspace", on_click=_take_back,
            icon=":material/undo:",
        )  # fmt: skip
        if open_ is None:
            st.button(
                "Next case", key=f"next:{place}", shortcut="Enter", type="primary",
                on_click=_commit, args=(token, place),
            )  # fmt: skip


def _choose(task: str, token: str, place: int, question: str, value: Any) -> None:
    if time.monotonic() - st.session_state.get("_since", 0.0) < FASTEST:
        return
    st.session_state["_given"][question] = value
    if task in ONE_PRESS:
        _commit(token, place)


def _take_back() -> None:
    given = st.session_state["_given"]
    if given:
        given.pop(next(reversed(given)))


def _commit(token: str, place: int) -> None:
    try:
        sessions.answer(database(), token, place, st.session_state["_given"])
    except SynthLensError as error:
        st.session_state["_refused"] = str(error)
    st.session_state["_given"] = {}
