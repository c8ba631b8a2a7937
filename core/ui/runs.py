"""One run of the session's gallery: images, what independent models say of them, downloads."""

from __future__ import annotations

import streamlit as st

from core.cards import Card, read_metrics
from core.domains import Domain
from core.registry import Registry
from core.services.export import dicom_bytes, file_name, png_bytes, zip_bytes
from core.ui import gallery, layout, quality, review, state
from core.ui.gallery import Run


def quality_line(registry: Registry, card: Card) -> None:
    """The model's measured quality, or that there is none on file."""
    found = quality.lead(registry, card)
    if not found:
        st.caption("No evaluation of this model is on file.")
        return
    with st.container(horizontal=True, gap="medium"):
        for name, value in found.items():
            st.metric(name, value, help=quality.explain(name), width="content")


def show_run(registry: Registry, domain: Domain, run: Run) -> None:
    """Draw a run: quality, images with opinions and downloads, the way from noise."""
    head = run.images[0]
    card = registry.card(head.model)
    st.markdown(f"##### {card.title} · {domain.class_name(head.class_id)}")
    quality_line(registry, card)
    if run.note:
        st.caption(run.note)
    _images(registry, domain, run)
    if len(run.trajectory) > 2:
        with st.expander("From noise to image: the first image at every step"):
            _trajectory(run)
    archive = zip_bytes(run.images, read_metrics(registry.folder(card.id)))
    with st.container(horizontal=True):
        st.download_button(
            "ZIP with manifest", archive, f"{card.name}_{head.seed}.zip", key=f"zip:{run.id}",
            icon=":material/folder_zip:", on_click="ignore",
        )  # fmt: skip
        st.button("Use these settings", key=f"use:{run.id}", on_click=_reuse, args=(run,))
        st.button("Delete", key=f"drop:{run.id}", on_click=gallery.drop, args=(run.id,))


def _images(registry: Registry, domain: Domain, run: Run) -> None:
    opinions = state.remember("reviews", (run.id,), lambda: review.review(registry, run.images))
    with layout.card_row():
        for place, (image, opinion) in enumerate(zip(run.images, opinions)):
            with layout.card():
                name = domain.class_name(image.class_id)
                st.image(image.pixels.squeeze(), width="stretch", alt=f"Synthetic image: {name}")
                st.caption(f"{name} · seed {image.seed}")
                review.show(opinion)
                with st.container(horizontal=True, gap="xsmall"):
                    st.download_button(
                        "PNG", png_bytes(image), file_name(image), "image/png",
                        on_click="ignore", key=f"png:{run.id}:{place}",
                    )  # fmt: skip
                    st.download_button(
                        "DICOM", dicom_bytes(image), file_name(image, "dicom"),
                        "application/dicom", on_click="ignore", key=f"dcm:{run.id}:{place}",
                    )  # fmt: skip
    review.legend(opinions)


def _reuse(run: Run) -> None:
    head = run.images[0]
    st.session_state.update(
        {"class": head.class_id, "models": [head.model], "seed": head.seed, "n": len(run.images)}
    )


@st.fragment
def _trajectory(run: Run) -> None:
    last = len(run.trajectory)
    step = st.slider("Step", 1, last, last, key=f"step:{run.id}")
    st.image(run.trajectory[step - 1].squeeze(), width=256, alt=f"Image at step {step} of {last}")
