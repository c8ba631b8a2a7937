"""Maps of one or two models side by side, and the numbers that say how far to trust them."""

import numpy as np
import streamlit as st
from annotated_text import annotated_text

from core.explain.service import (
    DEFAULT_METHODS,
    Explanation,
    available_methods,
    explain,
    explainable_models,
    targets,
)
from core.ui import controls, gallery, layout, reports, state, uploads
from core.ui.figures import explanation, maps
from core.ui.figures.frame import show

TONES = {"good": "#1F8A5B33", "warn": "#B86E0040", "plain": "#80808026"}

registry, domain = state.registry(), state.domain()


def choose_image() -> tuple[str, np.ndarray] | None:
    upload = uploads.pick_one(f"{domain.name} image", "explain_file")
    if upload:
        image = uploads.decode(upload)
        if image is None:
            return None
        uploads.notes(upload, image)
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
    against: str | None, metrics: bool,
) -> Explanation:  # fmt: skip
    def compute() -> Explanation:
        bar = st.progress(0.0, "Drawing the maps" if not metrics else "Measuring the maps")
        found = explain(
            registry, model, pixels, methods, target, metrics,
            lambda share, _: bar.progress(share), against,
        )  # fmt: skip
        bar.empty()
        return found

    wanted = (key, model, tuple(methods), target, against, metrics)
    return state.remember("explanations", wanted, compute)


def prediction_line(found: list[Explanation]) -> None:
    for one in found:
        chances = sorted(one.prediction.items(), key=lambda item: -item[1])[:3]
        text = ", ".join(f"{domain.class_name(k)} {v:.2f}" for k, v in chances)
        against = f" rather than **{domain.class_name(one.against)}**" if one.against else ""
        st.markdown(
            f"**{one.title}** answers {text}. "
            f"Explained: **{domain.class_name(one.target)}**{against}."
        )


def numbers(one: Explanation, key: str) -> None:
    st.subheader(f"How far to trust it: {one.title}", anchor=False)
    parts = [p if isinstance(p, str) else (p[0], p[1], TONES[p[2]]) for p in one.reading.parts]
    annotated_text(*parts)
    st.dataframe(
        explanation.metric_table(one), hide_index=True, placeholder="–",
        alt="Metrics and baselines",
    )  # fmt: skip
    st.caption(
        "n = 1 image. ↑ higher is better, ↓ lower is better; a map worth showing beats both "
        "baselines. Settings of every metric are in the export."
    )
    first, second, third = st.columns(3)
    with first:
        show(explanation.randomisation(one), f"random:{key}", "Randomisation check")
    for kind, column in zip(("insertion", "deletion"), (second, third)):
        with column:
            show(explanation.removal(one, kind), f"{kind}:{key}", f"{kind} curve")


def choose_question(models: list[str]) -> tuple[list[str], str | None, str | None]:
    names = available_methods(registry, models[0])
    labels = targets(registry, models[0])
    chosen = st.multiselect(
        "Methods", list(names), [m for m in DEFAULT_METHODS if m in names], key="methods",
        format_func=names.__getitem__, bind="query-params",
    )  # fmt: skip
    first, second = st.columns(2)
    spell = {"": "the most probable answer", **{v: domain.class_name(v) for v in labels}}
    target = first.selectbox("Why …", spell, key="target", format_func=spell.__getitem__)
    spell = {"": "on its own"} | {v: n for v, n in spell.items() if v and target and v != target}
    against = second.selectbox("… and not", spell, key="against", format_func=spell.__getitem__)
    return chosen, target or None, against or None


layout.header("Explain", "What a model looks at, by several methods, against two baselines.")
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
    methods, target, against = question
    with layout.said_plainly():
        ask = [(*picked, card.id, methods, target, against) for card in cards]
        found = [explained(*one, metrics=False) for one in ask]
        prediction_line(found)
        show(maps.grid(found, methods, look), "grid", "Maps of every method and model")
        found = [explained(*one, metrics=True) for one in ask]
        for place, one in enumerate(found):
            numbers(one, str(place))
        with st.container(horizontal=True):
            st.download_button(
                "Maps (NPY) and numbers", reports.explanation_archive(found), "maps.zip"
            )
            report = reports.explanation_report(found, methods, look)
            st.download_button("Report (HTML)", report, "explanation.html", "text/html")
layout.caveats(domain)
