"""Sliders on latent directions with a live image: edits, history, comparison with the start."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.registry import Registry
from core.services.classification import Prediction, classify
from core.services.film import End
from core.services.film import film as make_film
from core.services.latent import Handle, handles, render
from core.ui import state
from core.ui.figures.frame import frame, show
from core.ui.review import best_classifier

REACH = 3.0
MOST_SLIDERS = 8


def kept_handles(registry: Registry, card: Card) -> list[Handle]:
    """A generator's directions, found once per session."""
    return state.remember("handles", (card.id,), lambda: handles(registry, card.id))


def choose_handles(found: list[Handle]) -> list[Handle]:
    """Select which directions get a slider; the choice is in the URL."""
    by_id = {h.id: h for h in found}
    chosen = st.multiselect(
        "Directions", list(by_id), list(by_id)[:4], key="directions", bind="query-params",
        format_func=lambda i: by_id[i].name, max_selections=MOST_SLIDERS,
    )  # fmt: skip
    return [by_id[i] for i in chosen]


def reset(keys: list[str]) -> None:
    """Callback: put sliders back to the start."""
    for key in keys:
        st.session_state[key] = 0.0


@st.fragment
def editor(registry: Registry, domain: Domain, card: Card, class_id: str, seed: int) -> None:
    """Sliders beside the edited image, the start and their difference, and what changed."""
    chosen = choose_handles(kept_handles(registry, card))
    controls, pictures = st.columns([2, 3], gap="large")
    keys = [f"to_{handle.id}" for handle in chosen]
    with controls:
        moves = [
            (handle, st.slider(handle.name, -REACH, REACH, 0.0, 0.1, key=key,
                               bind="query-params", help="In standard deviations of W."))
            for handle, key in zip(chosen, keys)
        ]  # fmt: skip
        st.button("Back to the start", on_click=reset, args=(keys,), icon=":material/undo:")
    origin = (card.id, class_id, seed)
    start = state.remember("starts", origin, lambda: render(registry, *origin))
    edited = render(registry, card.id, class_id, seed, moves)
    with pictures:
        trio = {"Edited": edited, "Start": start, "Difference": difference(start, edited)}
        for column, (name, pixels) in zip(st.columns(3), trio.items()):
            column.image(pixels.squeeze(), width="stretch", alt=f"{name} image")
            column.caption(name)
        st.caption("Difference: cividis, from no change to the largest change of this edit.")
        _what_changed(registry, domain, origin, start, edited)


def difference(start: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """Absolute change as a perceptually uniform colour map, (S, S, 3) uint8."""
    change = np.abs(edited.astype(float) - start.astype(float)).mean(axis=2)
    top = change.max()
    levels = np.rint(change / top * 255).astype(int) if top else np.zeros(change.shape, int)
    return _cividis()[levels]


@st.cache_resource
def _cividis() -> np.ndarray:
    import plotly.colors

    points = np.linspace(0, 1, 256).tolist()
    table = plotly.colors.sample_colorscale("Cividis", points, colortype="tuple")
    return np.rint(np.array(table) * 255).astype(np.uint8)


def _what_changed(
    registry: Registry,
    domain: Domain,
    origin: tuple[str, str, int],
    start: np.ndarray,
    edited: np.ndarray,
) -> None:
    judge = best_classifier(registry, domain.id, origin[1])
    if judge is None:
        return

    def ask(pixels: np.ndarray) -> Prediction:
        return classify(registry, [pixels.squeeze()], domain.id, judge.id)[0]

    before = state.remember("start_answers", (*origin, judge.id), lambda: ask(start))
    after = ask(edited)
    with st.container(horizontal=True, gap="medium"):
        for label in judge.classes:
            change = after.probabilities[label] - before.probabilities[label]
            st.metric(
                domain.class_name(label), f"{after.probabilities[label]:.2f}",
                f"{change:+.2f}" if abs(change) >= 0.005 else None, delta_color="off",
                width="content",
            )  # fmt: skip
    st.caption(f"Calibrated probabilities by {judge.title}, change against the start (n = 1).")


def effect_table(found: list[Handle]) -> pd.DataFrame:
    """What the shipped table says of each direction: significant effects with intervals."""
    rows = [
        {
            "Direction": handle.name,
            "Moves": effect["quantity"],
            "Change per deviation": f"{effect['slope']:+.3g}",
            "95 % CI": f"{effect['low']:+.3g} to {effect['high']:+.3g}",
            "Monotone": "yes" if effect["monotone"] else "no",
            "n": handle.n,
        }
        for handle in found
        for effect in handle.effects
        if effect["significant"]
    ]
    return pd.DataFrame(rows)


def film(
    registry: Registry, domain: Domain, card: Card, start: tuple[str, int], end: tuple[str, int]
) -> tuple[np.ndarray, list[Prediction], Card | None]:
    """Images between two codes and the classifier's answers along the way."""
    frames = make_film(registry, card.id, (End(*start), End(*end)), "w").frames
    judge = best_classifier(registry, domain.id, start[0])
    arrays = [frame_.squeeze() for frame_ in frames]
    return frames, classify(registry, arrays, domain.id, judge.id) if judge else [], judge


def show_film(found: tuple[np.ndarray, list[Prediction], Card | None], domain: Domain) -> None:
    """The film strip, and the class probabilities under it."""
    frames, answers, judge = found
    with st.container(horizontal=True, gap="xsmall"):
        for place, pixels in enumerate(frames):
            alt = f"Image {place + 1} of {len(frames)} on the path"
            st.image(pixels.squeeze(), width=98, alt=alt)
    if judge is None:
        return
    share: list[Any] = [i / (len(frames) - 1) for i in range(len(frames))]
    fig = go.Figure()
    for label in judge.classes:
        fig.add_scatter(
            x=share, y=[a.probabilities[label] for a in answers], mode="lines+markers",
            name=domain.class_name(label),
        )  # fmt: skip
    fig.update_yaxes(range=[-0.02, 1.02])
    title = f"{judge.title} along the path (n = {len(frames)} images)"
    show(frame(fig, title, "share of the way", "calibrated probability", 300), "film", title)
