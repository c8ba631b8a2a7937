"""What synthetic training images add: the plain answer first, then everything behind it."""

import numpy as np
import streamlit as st

from core.cards import Card
from core.explain.service import Explanation, explain
from core.services.classification import classify
from core.study.results import FOLDER, read_results
from core.ui import comparison, gallery, layout, state, study, two_models, uploads
from core.ui.figures import classification, maps, training
from core.ui.figures.frame import show

LOOK = maps.Look(scale="Balance", signed=True)
registry, domain = state.registry(), state.domain()


def choose_pair(cards: list[Card]) -> tuple[Card, Card | None]:
    by_id = {c.id: c for c in cards}
    spell = {i: f"{c.title} — {comparison.arm(c)}" for i, c in by_id.items()}
    left, right = st.columns(2)
    with left:
        first = st.selectbox(
            "First model (the reference)", spell, key="first", bind="query-params",
            format_func=spell.__getitem__,
        )  # fmt: skip
    rest = comparison.comparable(cards, by_id[first])
    if not rest:
        right.caption("No second model with the same labels is here yet.")
        return by_id[first], None
    rest.sort(key=comparison.synthetic, reverse=True)
    with right:
        second = st.selectbox(
            "Second model", [c.id for c in rest], key="second", bind="query-params",
            format_func=spell.__getitem__,
        )  # fmt: skip
    return by_id[first], by_id[second]


def cams(key: str, pixels: np.ndarray, model: str) -> Explanation:
    ask = lambda: explain(registry, model, pixels, ["gradcam"], metrics=False)  # noqa: E731
    return state.remember("cams", (key, model), ask)


def study_view(cards: list[Card]) -> list[Card]:
    found = read_results(registry.root / domain.id / FOLDER)
    if not found or st.segmented_control(
        "View", ["Study", "Two models"], default="Study", required=True, key="view",
        bind="query-params", label_visibility="collapsed",
    ) != "Study":  # fmt: skip
        return []
    view = study.choose(found)
    study.draw(view, domain)
    kept = study.checkpoints(view, cards)
    if len(kept) < 2:
        st.caption("The models of this comparison were not kept: below, two others of your choice.")
        kept = [c for c in choose_pair(shipped(cards)) if c]
    return kept


def shipped(cards: list[Card]) -> list[Card]:
    return [c for c in cards if not study.in_study(c)] or cards


def same_image(pair: list[Card]) -> None:
    upload = uploads.pick_one(f"{domain.name} image", "compare_file")
    image = uploads.decode(upload) if upload else None
    if image is not None:
        uploads.notes(upload, image)
        uploads.doubt(registry, domain, upload, image)
        key, pixels = upload.sha256, image.pixels
    elif found := gallery.pickable(registry, domain):
        name = st.selectbox("Or a generated image", list(found), key="compare_picked")
        pixels = found[name].pixels.squeeze()
        key = state.digest(pixels.tobytes())
    else:
        st.caption("Upload an image, or generate one first.")
        return
    with layout.said_plainly():
        answers = [classify(registry, [pixels], domain.id, c.id)[0] for c in pair]
        labels = list(dict.fromkeys(domain.class_name(a.label) for a in answers))
        verb = "disagree" if len(labels) > 1 else "agree" if len(pair) > 1 else "answers"
        st.markdown(f"**The models {verb}**: {' against '.join(labels)}.")
        chances = [
            (c.title, {domain.class_name(k): v for k, v in a.probabilities.items()})
            for c, a in zip(pair, answers)
        ]
        left, right = st.columns([2, 3], gap="large")
        with left:
            show(classification.probabilities(chances), "chances", "Calibrated probabilities")
        with right:
            found = [cams(key, pixels, card.id) for card in pair]
            show(maps.grid(found, ["gradcam"], LOOK), "cams", "Grad-CAM of both models")


layout.header("Classifier comparison", "What synthetic training images really add, with intervals.")
cards = state.cards("classifier")
if not cards:
    layout.empty(domain, "classifier", "There is nothing to compare.")
    st.stop()
pair = study_view(cards)
curves = not pair
if not pair:
    pair = [c for c in choose_pair(cards) if c]
    two_models.draw(registry, domain, pair)
st.subheader("The same image through both", anchor=False)
same_image(pair)
if curves:
    st.subheader("Training curves", anchor=False)
    for column, card in zip(st.columns(len(pair)), pair):
        history = training.read_history(registry.folder(card.id))
        groups = training.groups(list(training.series(history)))
        with column:
            for group in [g for g in ("loss", "accuracy") if g in groups]:
                show(training.curves(history, group, card.title), f"{group}:{card.id}", group)
layout.caveats(domain)
