"""The "Generate like this" panel: an upload, the class to draw it as, how far to move away."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.domains import Domain
from core.errors import CheckpointError
from core.registry import Registry
from core.services.variation import STRENGTH, Inferred, can_vary, infer_class, vary
from core.ui import gallery, layout, state, uploads
from core.ui.gallery import Run

HELP = "Low: close to your image. High: only its class and rough layout remain."


def panel(registry: Registry, domain: Domain) -> None:
    """Ask for an image and a strength; the variations join the session's gallery."""
    if not any(can_vary(card) for card in state.cards("generator")):
        st.caption("No model of this domain can start from an image.")
        return
    upload = uploads.pick_one(f"{domain.name} image to vary", "vary_file")
    image = uploads.decode(upload) if upload else None
    if upload is None or image is None:
        st.caption("The model noises your image and draws it again: similar, and synthetic.")
        return
    uploads.doubt(registry, domain, upload, image)
    picture, settings = st.columns([1, 3], gap="medium")
    picture.image(uploads.thumbnail(image.pixels), width=160, alt="The image to vary")
    with settings, layout.said_plainly():
        label = _choose_class(registry, domain, upload.sha256, image.pixels)
        strength = st.slider("Strength", 0.1, 1.0, STRENGTH, 0.05, key="strength", help=HELP)
        n = int(st.number_input("Variations", 1, 8, 4, key="vary_n"))
        if st.button("Draw variations", icon=":material/auto_awesome_motion:"):
            bar = st.progress(0.0, "Drawing variations")
            seed = int(st.session_state.get("seed", 1))

            def report(share: float, _: np.ndarray | None) -> None:
                bar.progress(min(share, 1.0), "Drawing variations")

            made = vary(
                registry, image.pixels, domain.id, label, n, seed, strength, progress=report
            )
            bar.empty()
            gallery.keep([Run(made, note=made[0].note)])
            st.session_state["_latest"] = 1
            st.rerun()


def _choose_class(registry: Registry, domain: Domain, key: str, pixels: np.ndarray) -> str:
    fitting: tuple[str, ...] = ()
    try:
        with st.spinner("Asking a classifier what it shows"):
            seen = state.remember(
                "inferred", (key, domain.id), lambda: infer_class(registry, pixels, domain.id)
            )
        st.caption(sentence(domain, seen))
        fitting = seen.classes
    except CheckpointError as error:
        st.caption(str(error))
    return st.selectbox(
        "Draw it as", domain.class_ids, domain.class_ids.index(fitting[0]) if fitting else 0,
        key=f"vary_class:{key}",
        format_func=lambda c: domain.class_name(c) + (" (fits)" if c in fitting else ""),
    )  # fmt: skip


def sentence(domain: Domain, seen: Inferred) -> str:
    """What the classifier sees, which classes fit that, and what it cannot tell."""
    said = domain.class_name(seen.label)
    said = said.capitalize() if said.isupper() and seen.label not in domain.class_ids else said
    text = f"A classifier sees {said} (probability {seen.probability:.2f}, {seen.model})."
    if len(seen.classes) > 1:
        names = " or ".join(domain.class_name(c) for c in seen.classes)
        text += f" That fits {names}: it does not tell them apart, so choose."
    if seen.unknown:
        names = ", ".join(domain.class_name(c) for c in seen.unknown)
        text += f" It was never taught {names}."
    return text
