"""Maps of one or two models side by side, and the numbers that say how far to trust them."""

import numpy as np
import streamlit as st

from core.explain.base import Settings
from core.explain.baselines import BASELINES
from core.explain.service import (
    DEFAULT_METHODS,
    Explanation,
    available_methods,
    explain,
    explainable_models,
    targets,
)
from core.ui import controls, explaining, gallery, generator_view, layout, state, uploads
from core.ui.figures import maps
from core.ui.figures.frame import show

VIEWS = ("A model's answer", "A generator's image")

registry, domain = state.registry(), state.domain()


def choose_image() -> tuple[str, np.ndarray] | None:
    upload = uploads.pick_one(f"{domain.name} image", "explain_file")
    if upload:
        image = uploads.decode(upload)
        if image is None:
            return None
        uploads.notes(upload, image)
        uploads.doubt(registry, domain, upload, image)
        return upload.sha256, image.pixels
    found = gallery.pickable(registry, domain)
    if not found:
        st.caption("Upload an image, or generate one first.")
        return None
    name = st.selectbox("Or a generated image", list(found), key="picked")
    pixels = found[name].pixels.squeeze()
    return state.digest(pixels.tobytes()), pixels


def choose_look() -> maps.Look:
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        opacity = st.slider("Opacity", 0.1, 1.0, 0.75, 0.05, key="opacity", width=170)
        threshold = st.slider("Threshold", 0.0, 0.9, 0.1, 0.05, key="threshold", width=170)
        signed = st.toggle("Keep the sign", value=True, key="signed")
        stacked = st.toggle("One a line", key="stacked", help="For narrow screens.")
        scales = maps.DIVERGING if signed else maps.SEQUENTIAL
        scale = st.selectbox("Colours", scales, key=f"scale:{signed}", width=150)
    return maps.Look(opacity, threshold, scale, signed, stacked)


def explained(
    key: str, pixels: np.ndarray, model: str, methods: list[str], target: str | None,
    against: str | None, baseline: str, metrics: bool,
) -> Explanation:  # fmt: skip
    def compute() -> Explanation:
        bar = st.progress(0.0, "Drawing the maps" if not metrics else "Measuring the maps")
        found = explain(
            registry, model, pixels, methods, target, metrics,
            lambda share, _: bar.progress(share), against, Settings(baseline=baseline),
        )  # fmt: skip
        bar.empty()
        return found

    wanted = (key, model, tuple(methods), target, against, baseline, metrics)
    return state.remember("explanations", wanted, compute)


def choose_question(models: list[str]) -> tuple[list[str], str | None, str | None, str]:
    names = available_methods(registry, *models)
    labels = targets(registry, models[0])
    chosen = st.multiselect(
        "Methods", list(names), [m for m in DEFAULT_METHODS if m in names], key="methods",
        format_func=names.__getitem__, bind="query-params",
    )  # fmt: skip
    first, second, third = st.columns(3)
    spell = {"": "the most probable answer", **{v: domain.class_name(v) for v in labels}}
    target = first.selectbox("Why …", spell, key="target", format_func=spell.__getitem__)
    spell = {"": "on its own"} | {v: n for v, n in spell.items() if v and target and v != target}
    against = second.selectbox("… and not", spell, key="against", format_func=spell.__getitem__)
    baseline = third.selectbox(
        "IG starts from", [*BASELINES, "averaged"], key="baseline", bind="query-params"
    )
    return chosen, target or None, against or None, baseline


layout.header("Explain", "What a model looks at, by several methods, against three baselines.")
view = st.segmented_control(
    "View", VIEWS, default=VIEWS[0], key="view", bind="query-params", required=True,
    label_visibility="collapsed",
)  # fmt: skip
if view == VIEWS[1]:
    generator_view.view(registry, domain)
    layout.caveats(domain)
    st.stop()
known = explainable_models(registry, domain.id)
if not known:
    layout.empty(domain, "classifier", "There is no model whose answer could be explained.")
    st.stop()
with st.container(border=True):
    left, right = st.columns([2, 3], gap="large")
    with left:
        picked = choose_image()
    with right:
        cards = controls.choose_models([registry.card(i) for i in known], "explained", "Models")
        with layout.said_plainly():
            question = choose_question([c.id for c in cards]) if cards else None
look = choose_look()
if picked and cards and question and question[0]:
    methods = question[0]
    with layout.said_plainly():
        ask = [(*picked, card.id, *question) for card in cards]
        found = [explained(*one, metrics=False) for one in ask]
        explaining.prediction_line(found, domain)
        show(maps.grid(found, methods, look), "grid", "Maps of every method and model")
        found = [explained(*one, metrics=True) for one in ask]
        for place, one in enumerate(found):
            explaining.numbers(one, str(place))
        explaining.downloads(found, methods, look)
        explaining.what_would_flip(registry, domain, cards, picked, found)
if cards:
    explaining.dataset_figures(registry, cards)
layout.caveats(domain)
