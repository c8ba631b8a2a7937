"""What synthetic training images add: the plain answer first, then everything behind it."""

import numpy as np
import pandas as pd
import streamlit as st

from core.cards import Card
from core.explain.service import Explanation, explain
from core.services.classification import classify
from core.ui import comparison, gallery, layout, quality, reports, state, uploads
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


def results(pair: list[Card]) -> None:
    found = [comparison.blocks(registry, card) for card in pair]
    shared = [k for k in found[0] if all(k in f for f in found)]
    if not shared:
        st.info(
            "These models have not been evaluated on a common test set yet: "
            f"`python -m core evaluate classifier --domain {domain.id} --data …` does it."
        )
        return
    where = shared[0]
    if len(shared) > 1:
        where = st.segmented_control(
            "Test set", shared, default=shared[0], key="test_set", required=True,
            format_func=lambda k: comparison.TEST_SETS.get(k, k),
        )  # fmt: skip
    blocks = [(card.title, f[where]) for card, f in zip(pair, found)]
    sentence, disagree = f"{pair[0].title} alone: train a second model to compare it with.", []
    if len(pair) == 2:
        own = [f[where] for f in found]
        sentence, disagree = comparison.plain_answer(registry, *pair, own, where)
    st.markdown(f"#### {sentence}")
    figures = draw(blocks, [domain.class_name(v) for v in pair[0].classes])
    table = pd.DataFrame(
        {name: {r.path: r.value for r in quality.rows(block)} for name, block in blocks}
    )
    st.dataframe(table, alt="Test results of both models")
    if disagree:
        with st.expander(f"The two models disagree on {len(disagree)} test images"):
            st.caption("Positions in the domain's data: " + ", ".join(map(str, disagree)))
    with st.container(horizontal=True):
        st.download_button("Table (CSV)", table.to_csv(), "comparison.csv", on_click="ignore")
        parts = [f"<p>{sentence}</p>", table.to_html(border=0, na_rep="–"), *figures]
        page = reports.html_report(f"Classifier comparison: {domain.name}", parts)
        st.download_button("Report (HTML)", page, "comparison.html", on_click="ignore")


def draw(blocks: list, names: list[str]) -> list:
    matrices = [classification.confusion_of(block) for _, block in blocks]
    figures = [
        classification.confusion(m, names, name)
        for m, (name, _) in zip(matrices, blocks)
        if m is not None
    ]
    if len(figures) == 2:
        figures.append(classification.confusion_change(matrices[0], matrices[1], names))
    rest = [
        classification.per_class(blocks, names, "recall"),
        classification.roc(blocks, names),
        classification.reliability(blocks),
    ]
    rest = [f for f in rest if f is not None]
    for row, group in enumerate([g for g in (figures, rest) if g]):
        for place, (column, figure) in enumerate(zip(st.columns(len(group)), group)):
            with column:
                show(figure, f"result:{row}:{place}", figure.layout.title.text)
    return [*figures, *rest]


def cams(key: str, pixels: np.ndarray, model: str) -> Explanation:
    ask = lambda: explain(registry, model, pixels, ["gradcam"], metrics=False)  # noqa: E731
    return state.remember("cams", (key, model), ask)


def same_image(pair: list[Card]) -> None:
    upload = uploads.pick_one(f"{domain.name} image", "compare_file")
    image = uploads.decode(upload) if upload else None
    if image is not None:
        uploads.notes(upload, image)
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
first, second = choose_pair(cards)
pair = [first, second] if second else [first]
results(pair)
st.subheader("The same image through both", anchor=False)
same_image(pair)
st.subheader("Training curves", anchor=False)
for column, card in zip(st.columns(len(pair)), pair):
    history = training.read_history(registry.folder(card.id))
    groups = training.groups(list(training.series(history)))
    with column:
        for group in [g for g in ("loss", "accuracy") if g in groups]:
            show(training.curves(history, group, card.title), f"{group}:{card.id}", group)
layout.caveats(domain)
