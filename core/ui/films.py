"""From one image to another: the ends, the film strip, its class probabilities, files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.registry import Registry
from core.services.classification import Prediction, classify
from core.services.film import MODES, End, Film, film, modes_of
from core.services.film_export import FORMATS, encode
from core.ui import controls, state, uploads
from core.ui.figures.frame import PALETTE, frame, show
from core.ui.review import best_classifier
from core.ui.starts import projected

SEEDS, UPLOADS = "Seeds and classes", "Your images"


@dataclass(frozen=True)
class Shown:
    """A film with a classifier's answers along it."""

    film: Film
    answers: list[Prediction]
    judge: Card | None


def choose_mode(registry: Registry, card: Card) -> str:
    """The way between the ends; the choice is in the URL."""
    known = modes_of(registry, card)
    if len(known) == 1:
        st.caption(f"Way: {MODES[known[0]]}.")
        return known[0]
    chosen = st.selectbox(
        "Way", known, key="way", format_func=MODES.__getitem__, bind="query-params",
        help="W has no preferred length, Z has: a straight line there would leave its shell.",
    )  # fmt: skip
    return str(chosen)


def choose_ends(
    registry: Registry, domain: Domain, card: Card, mode: str, class_id: str, seed: int
) -> tuple[tuple[End, End], tuple[Any, ...]] | None:
    """Both ends and a key for what they make; None while an upload is missing."""
    sources = [SEEDS, UPLOADS] if mode in ("w", "noise") else [SEEDS]
    source = SEEDS
    if len(sources) > 1:
        source = st.segmented_control(
            "Ends", sources, default=SEEDS, key="ends", bind="query-params", required=True
        )
    names = [c for c in domain.class_ids if c in card.classes]
    first, second, third = st.columns([2, 2, 1], vertical_alignment="bottom")
    with second:
        to_class = st.selectbox(
            "To class", names, key="to_class", format_func=domain.class_name, bind="query-params"
        )
    if source == SEEDS:
        with third:
            to_seed = st.number_input(
                "To seed", 0, controls.MAX_SEED, 2, key="to_seed", bind="query-params"
            )
        first.caption(f"From {domain.class_name(class_id)}, seed {seed}: chosen above.")
        ends = End(class_id, seed), End(str(to_class), int(to_seed))
        return ends, (class_id, seed, to_class, int(to_seed))
    found = []
    columns = st.columns(2)
    for column, label, key in zip(columns, (class_id, str(to_class)), ("film_a", "film_b")):
        with column:
            found.append(_upload(registry, domain, card, mode, label, key))
    if found[0] is None or found[1] is None:
        return None
    return (found[0][0], found[1][0]), (found[0][1], found[1][1], class_id, to_class)


def _upload(
    registry: Registry, domain: Domain, card: Card, mode: str, label: str, key: str
) -> tuple[End, str] | None:
    if mode == "w":
        found = projected(registry, domain, card, label, key)
        if found is None:
            return None
        return End(label, code=found[1].code, pixels=found[1].target), found[0]
    upload = uploads.pick_one(f"Image taken for {domain.class_name(label)}", key)
    image = uploads.decode(upload) if upload else None
    if upload is None or image is None:
        return None
    return End(label, pixels=image.pixels), upload.sha256


def make(
    registry: Registry, domain: Domain, card: Card, ends: tuple[End, End], mode: str, frames: int
) -> Shown:
    """Draw the film and ask the classifier about every frame."""
    bar = st.progress(0.0, "Drawing")
    tell = lambda share: bar.progress(min(share, 1.0), f"Drawing: {share:.0%}")  # noqa: E731
    try:
        found = film(registry, card.id, ends, mode, frames, tell)
    finally:
        bar.empty()
    judge = best_classifier(registry, domain.id, ends[0].class_id)
    arrays = [pixels.squeeze() for pixels in found.frames]
    answers = classify(registry, arrays, domain.id, judge.id) if judge else []
    return Shown(found, answers, judge)


def show_film(found: Shown, domain: Domain, note: str) -> None:
    """The strip, the path's length, the class probabilities under it, and files."""
    frames = found.film.frames
    with st.container(horizontal=True, gap="xsmall"):
        for place, pixels in enumerate(frames):
            alt = f"Image {place + 1} of {len(frames)} on the path"
            st.image(pixels.squeeze(), width=98, alt=alt)
    for sentence in sentences(found.film):
        st.caption(sentence)
    with st.container(horizontal=True):
        for name, mime in FORMATS.items():
            label = "Frames" if name == "zip" else name.upper()
            st.download_button(
                label, lambda n=name: encode(frames, n, note), f"film.{name}", mime,  # type: ignore[misc]
                key=f"film_{name}", on_click="ignore", icon=":material/download:",
            )  # fmt: skip
    if found.judge is not None:
        title = f"{found.judge.title} along the path (n = {len(frames)} images)"
        show(curve(found, domain, title), "film", title)


def sentences(found: Film) -> list[str]:
    """What was measured of a film, one sentence each."""
    said = []
    if found.length is not None and found.straight:
        said.append(
            f"Perceptual path length {found.length:.2f} in the in-domain features, "
            f"{found.length / found.straight:.2f} times the straight distance of the ends "
            f"({found.straight:.2f}): near 1 the way is direct, above it takes detours."
        )
    for name, error in zip(("first", "last"), found.errors):
        if error is not None:
            said.append(
                f"The {name} image is the generator's version of your upload, off by {error:.1%} "
                "of the grey range on average."
            )
    return said


def curve(found: Shown, domain: Domain, title: str) -> go.Figure:
    """Class probabilities along the film."""
    share: list[Any] = [i / (len(found.answers) - 1) for i in range(len(found.answers))]
    fig = go.Figure()
    classes = found.judge.classes if found.judge else []
    for place, label in enumerate(classes):
        fig.add_scatter(
            x=share, y=[a.probabilities[label] for a in found.answers], mode="lines+markers",
            name=domain.class_name(label), line_color=PALETTE[place % len(PALETTE)],
        )  # fmt: skip
    fig.update_yaxes(range=[-0.02, 1.02])
    return frame(fig, title, "share of the way", "calibrated probability", 300)


def view(registry: Registry, domain: Domain, card: Card, class_id: str, seed: int) -> None:
    """The whole view: inputs, film, figures."""
    left, right = st.columns([3, 1])
    with left:
        mode = choose_mode(registry, card)
    with right:
        frames = st.slider("Frames", 5, 24, 9, key="frames", bind="query-params")
    chosen = choose_ends(registry, domain, card, mode, class_id, seed)
    if chosen is None:
        return
    ends, key = chosen
    work = lambda: make(registry, domain, card, ends, mode, frames)  # noqa: E731
    found = state.remember("films", (card.id, mode, frames, *key), work, keep=6)
    note = f"{card.id}: {_told(ends[0])} to {_told(ends[1])}, {MODES[mode].lower()}."
    show_film(found, domain, note)


def _told(end: End) -> str:
    return f"{end.class_id}, {'an upload' if end.pixels is not None else f'seed {end.seed}'}"
