"""A guessing game: one image at a time, ours or the user's own."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import streamlit as st

Item = tuple[np.ndarray, str, str]


def _next(pool: list[Item]) -> None:
    st.session_state["_quiz"] = {"at": secrets.randbelow(len(pool)), "guess": None}


def _guess(answer: str, truth: str) -> None:
    st.session_state["_quiz"]["guess"] = answer
    score = st.session_state.setdefault("_score", [0, 0])
    score[0] += answer == truth
    score[1] += 1


@st.fragment
def quiz(pool: list[Item]) -> None:
    """Ask "real or synthetic?" of a random item: (pixels, "real" or "synthetic", origin)."""
    if not pool:
        st.caption("Upload images above, or generate some, to have something to guess at.")
        return
    now: dict[str, Any] | None = st.session_state.get("_quiz")
    if now is None or now["at"] >= len(pool):
        _next(pool)
        now = st.session_state["_quiz"]
    pixels, truth, origin = pool[now["at"]]
    picture, answer = st.columns([1, 2], vertical_alignment="center")
    picture.image(pixels.squeeze(), width=220, alt="An image to guess at")
    with answer:
        with st.container(horizontal=True):
            done = now["guess"] is not None
            for name in ("real", "synthetic"):
                st.button(
                    name.capitalize(), key=f"guess_{name}", disabled=done,
                    on_click=_guess, args=(name, truth),
                )  # fmt: skip
            st.button("Next image", on_click=_next, args=(pool,), key="quiz_next")
        if now["guess"]:
            verb = "Right" if now["guess"] == truth else "No"
            st.markdown(f"**{verb}**: this one is {truth} ({origin}).")
        right, total = st.session_state.get("_score", [0, 0])
        if total:
            st.caption(f"{right} of {total} right.")
