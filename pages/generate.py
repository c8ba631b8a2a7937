"""Draw synthetic images of a class, by one model or two side by side on the same seeds."""

import numpy as np
import streamlit as st

from core.cards import Card, read_metrics
from core.services.checks import generate_gated
from core.services.export import file_name, png_bytes, zip_bytes
from core.services.generation import generate
from core.ui import controls, gallery, layout, quality, review, state
from core.ui.gallery import Run

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


def quality_line(card: Card) -> None:
    found = quality.lead(registry, card)
    if not found:
        st.caption("No evaluation of this model is on file.")
        return
    with st.container(horizontal=True, gap="medium"):
        for name, value in found.items():
            st.metric(name, value, help=quality.explain(name), width="content")


def show_run(run: Run) -> None:
    head = run.images[0]
    card = registry.card(head.model)
    st.markdown(f"##### {card.title} · {domain.class_name(head.class_id)}")
    quality_line(card)
    if run.note:
        st.caption(run.note)
    opinions = state.remember("reviews", (run.id,), lambda: review.review(registry, run.images))
    with layout.card_row():
        for place, (image, opinion) in enumerate(zip(run.images, opinions)):
            with layout.card():
                name = domain.class_name(image.class_id)
                st.image(image.pixels.squeeze(), width="stretch", alt=f"Synthetic image: {name}")
                st.caption(f"{name} · seed {image.seed}")
                review.show(opinion)
                st.download_button(
                    "PNG", png_bytes(image), file_name(image), "image/png", on_click="ignore",
                    key=f"png:{run.id}:{place}", icon=":material/download:",
                )  # fmt: skip
    review.legend(opinions)
    if len(run.trajectory) > 2:
        with st.expander("From noise to image: the first image at every step"):
            trajectory(run)
    archive = zip_bytes(run.images, read_metrics(registry.folder(card.id)))
    with st.container(horizontal=True):
        st.download_button(
            "ZIP with manifest", archive, f"{card.name}_{head.seed}.zip", key=f"zip:{run.id}",
            icon=":material/folder_zip:", on_click="ignore",
        )  # fmt: skip
        st.button("Use these settings", key=f"use:{run.id}", on_click=reuse, args=(run,))
        st.button("Delete", key=f"drop:{run.id}", on_click=gallery.drop, args=(run.id,))


def reuse(run: Run) -> None:
    head = run.images[0]
    st.session_state.update(
        {"class": head.class_id, "models": [head.model], "seed": head.seed, "n": len(run.images)}
    )


@st.fragment
def trajectory(run: Run) -> None:
    last = len(run.trajectory)
    step = st.slider("Step", 1, last, last, key=f"step:{run.id}")
    st.image(run.trajectory[step - 1].squeeze(), width=256, alt=f"Image at step {step} of {last}")


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
        show_run(run)
if earlier := kept[len(latest) :]:
    with st.expander(f"Earlier in this session ({len(earlier)})"):
        for run in earlier:
            show_run(run)
if not kept:
    st.subheader("Drawn ahead of time", anchor=False)
    if not gallery.show_shipped(registry, domain):
        st.caption("No images are shipped for this domain yet; press Generate.")
layout.caveats(domain)
