"""Draw synthetic images of a class, by one model or two side by side on the same seeds."""

import numpy as np
import streamlit as st

from core.cards import Card
from core.services.checks import generate_gated
from core.services.generation import generate
from core.ui import controls, findings, gallery, layout, state, variation
from core.ui.gallery import Run
from core.ui.runs import show_run

MOST_FRAMES = 60
GATE_HELP = "Images unlike real ones, or too near a training image, are drawn again and counted."

registry, domain = state.registry(), state.domain()


def draw_gated(card: Card, label: str, n: int, seed: int, options: dict[str, float]) -> Run:
    with st.spinner(f"{card.title}: drawing until {n} images pass"):
        found = generate_gated(registry, domain.id, card.id, label, n, seed, options)
    reasons = ", ".join(f"{count} {reason}" for reason, count in found.reasons.items())
    return Run(found.images, note=f"Quality gate: {found.rejected} rejected. {reasons}")


def draw(card: Card, label: str, n: int, seed: int, options: dict[str, float]) -> Run:
    frames: list[np.ndarray] = []
    bar = st.progress(0.0, f"{card.title}: starting")

    def report(share: float, preview: np.ndarray | None) -> None:
        # any click reruns the page, and this call is where the old run then ends
        bar.progress(min(share, 1.0), f"{card.title}: {share:.0%}")
        if preview is not None and len(frames) < MOST_FRAMES:
            frames.append(preview[0])

    images = generate(registry, domain.id, card.id, label, n, seed, options, report)
    bar.empty()
    return Run(images, frames)


layout.header("Generate", "Synthetic images by class and seed, with each model's measured quality.")
cards = state.cards("generator")
if not cards:
    layout.empty(domain, "generator", "There is nothing to draw images with.")
    gallery.show_shipped(registry, domain)
    st.stop()

with st.container(border=True):
    first, second, third, fourth = st.columns([3, 4, 2, 2], vertical_alignment="bottom")
    with first:
        label = controls.choose_class(domain)
    with second:
        chosen = controls.choose_models(cards, "models", "Models (one, or two side by side)")
    with third:
        n = int(st.number_input("Images", 1, 16, value=4, key="n", bind="query-params"))
    with fourth:
        seed = controls.choose_seed()
    with st.container(horizontal=True, vertical_alignment="center"):
        go = st.button("Generate", type="primary", icon=":material/play_arrow:")
        st.button("Other seed", icon=":material/casino:", on_click=controls.new_seed)
        options = {}
        with st.popover("Sampling", icon=":material/tune:"):
            for card in chosen:
                st.markdown(f"**{card.title}**")
                options[card.id] = controls.sampling_options(card)
        gate = st.toggle("Quality gate", key="gate", bind="query-params", help=GATE_HELP)

if go and chosen:
    with layout.said_plainly():
        work = draw_gated if gate else draw
        gallery.keep([work(card, label, n, seed, options[card.id]) for card in chosen])
        st.session_state["_latest"] = len(chosen)

kept = [run for run in gallery.runs() if run.images and run.images[0].domain == domain.id]
latest = kept[: st.session_state.get("_latest", 1)]
for column, run in zip(st.columns(max(1, len(latest)), gap="large"), latest):
    with column:
        show_run(registry, domain, run)
if earlier := kept[len(latest) :]:
    with st.expander(f"Earlier in this session ({len(earlier)})"):
        for run in earlier:
            show_run(registry, domain, run)
if not kept:
    st.subheader("Drawn ahead of time", anchor=False)
    if not gallery.show_shipped(registry, domain):
        st.caption("No images are shipped for this domain yet; press Generate.")
with st.expander("Generate like this: variations of an image of yours"):
    variation.panel(registry, domain)
with st.expander("Simulated findings of an image"):
    findings.panel(registry, domain)
layout.caveats(domain)
