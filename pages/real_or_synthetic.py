"""Verdict first, evidence on demand; a batch becomes a table."""

import pandas as pd
import streamlit as st

from core.explain.service import explain
from core.ui import detector_trust, gallery, layout, state, uploads, words
from core.ui.figures import detection, maps
from core.ui.figures.frame import show
from core.ui.judging import Judged, judge_all, table
from core.ui.quality import lead
from core.ui.quiz import quiz

MOST_CARDS = 6
DETECTOR_FIGURES = ("balanced_accuracy", "auc", "tpr_at_5_fpr", "ece")

registry, domain = state.registry(), state.domain()


def verdict_card(outcome: Judged, upload: uploads.Upload) -> None:
    with st.container(border=True):
        if outcome.verdict is None:
            st.error(f"**{upload.title}**: {outcome.error}", icon=":material/broken_image:")
            return
        picture, words_, strip = st.columns([2, 4, 5], gap="medium")
        picture.image(outcome.thumb, width="stretch", alt="The uploaded image")
        with words_:
            words.verdict_badge(outcome.verdict)
            st.caption(upload.title)
            words.summary(outcome.verdict)
            for reason in outcome.verdict.reasons:
                st.markdown(f"- {reason}")
            st.caption(words.MEANING[outcome.verdict.verdict])
        with strip:
            if outcome.verdict.stability:
                figure = detection.stability(outcome.verdict.stability)
                show(figure, f"strip:{upload.sha256}", "Verdict under each re-encoding")
        if outcome.verdict.verdict != "out_of_scope":
            with st.expander("Evidence: heat map, spectrum, noise"):
                evidence(upload, outcome.verdict.model)


@st.fragment
def evidence(upload: uploads.Upload, model: str) -> None:
    if not st.toggle("Compute the evidence", key=f"evidence:{upload.sha256}"):
        st.caption("Where the detector looks, and what the eye does not see.")
        return
    image = uploads.decode(upload)
    if image is None:
        return
    with layout.said_plainly():
        found = state.remember(
            "evidence",
            (upload.sha256, model),
            lambda: explain(registry, model, image.pixels, ["gradcam", "ig"], metrics=False),
        )
        show(maps.grid([found], ["gradcam", "ig"], maps.Look()), f"map:{upload.sha256}", "Maps")
    left, right = st.columns([3, 2])
    ours = [g.pixels.squeeze() for g in gallery.shipped(registry, domain)[:64]]
    with left:
        figure = detection.spectrum(image.pixels, ours, "our synthetic images")
        show(figure, f"spectrum:{upload.sha256}", "Power spectrum")
    with right:
        st.image(detection.residual(image.pixels), width=256, alt="Noise residual")
        st.caption("Noise residual: what a 3 × 3 median filter takes away, stretched (n = 1).")


def batch_table(outcomes: list[Judged]) -> int | None:
    frame = pd.DataFrame(table(outcomes))
    chosen = st.dataframe(
        frame,
        hide_index=True,
        key="batch",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "p synthetic": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.2f")
        },
        alt="One verdict a line",
    )
    st.download_button(
        "CSV", frame.to_csv(index=False), "verdicts.csv", "text/csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    rows = chosen["selection"]["rows"]
    return rows[0] if rows else None


def try_one(files: list[uploads.Upload]) -> None:
    ours = [
        (g.pixels, "synthetic", f"{g.model}, seed {g.seed}")
        for g in gallery.pickable(registry, domain).values()
    ]
    mine = st.checkbox("Mix in the images above: they are real", key="mine", disabled=not files)
    own = [(uploads.decode(u), u.title) for u in files[:MOST_CARDS]] if mine else []
    theirs = [(uploads.thumbnail(i.pixels), "real", title) for i, title in own if i]
    quiz(theirs + ours)


layout.header(
    "Real or synthetic?",
    "A calibrated verdict that says “unsure” when the evidence does not settle it.",
)
detectors = state.cards("detector")
if not detectors:
    layout.empty(domain, "detector", "No verdict can be given for this domain.")
    st.stop()
card = detectors[0]
files = uploads.pick_many(f"{domain.name} images: drag in one or many", "files")
if files:
    thorough = st.toggle(
        "Judge re-encodings of each file too",
        value=len(files) <= MOST_CARDS,
        key=f"thorough:{len(files) <= MOST_CARDS}",
        help="JPEG, half size, blur, noise: a verdict that turns around becomes “unsure”.",
    )
    bar, outcomes = st.progress(0.0, "Judging"), []
    with layout.said_plainly():
        outcomes = judge_all(registry, files, domain.id, card.id, thorough, bar.progress)
    bar.empty()
    picked = list(range(len(outcomes)))
    if len(outcomes) > 1:
        row = batch_table(outcomes)
        picked = [row] if row is not None else picked[:MOST_CARDS]
    for place in picked:
        verdict_card(outcomes[place], files[place])
with st.container(horizontal=True, gap="medium"):
    for name, value in lead(registry, card, DETECTOR_FIGURES).items():
        st.metric(f"Detector: {name}", value, width="content")
detector_trust.draw(registry, card)
st.subheader("Try one yourself", anchor=False)
try_one(files)
layout.caveats(domain)
