"""The simulated-findings panel: a generated or uploaded image, described with its limits."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.domains import Domain
from core.registry import Registry
from core.services.findings import HEURISTIC, NOTICE, Findings, simulate
from core.ui import gallery, layout, state, uploads


def panel(registry: Registry, domain: Domain) -> None:
    """Choose an image and press the button; nothing is computed before."""
    if not state.cards("classifier"):
        st.caption("No classifier of this domain is shipped, so nothing can be described.")
        return
    upload = uploads.pick_one(f"{domain.name} image to describe", "findings_file")
    image = uploads.decode(upload) if upload else None
    if upload is not None and image is not None:
        uploads.doubt(registry, domain, upload, image)
        pixels = image.pixels
    else:
        known = gallery.pickable(registry, domain)
        if not known:
            st.caption("Upload an image, or generate one first.")
            return
        pixels = known[st.selectbox("Or a generated image", list(known), key="described")].pixels
    key = state.digest(np.ascontiguousarray(pixels).tobytes())
    if st.button("Describe", icon=":material/clinical_notes:"):
        st.session_state["_described"] = key
    if st.session_state.get("_described") != key:
        return
    with layout.said_plainly():
        with st.spinner("Describing what a classifier sees"):
            found = state.remember(
                "findings", (key, domain.id),
                lambda: simulate(registry, pixels.squeeze(), domain.id),
            )  # fmt: skip
        picture, words = st.columns([1, 3], gap="medium")
        picture.image(uploads.thumbnail(pixels.squeeze()), width=200, alt="The described image")
        with words:
            show(found)


def show(found: Findings) -> None:
    """Condition, zone, extent and advice, under a notice that none of it is a diagnosis."""
    st.warning(NOTICE, icon=":material/warning:")
    st.markdown(f"**{found.condition}**, probability {found.probability:.2f} ({found.model})")
    if found.zone:
        st.markdown(f"Strongest evidence: **{found.zone}**")
    if found.extent is not None:
        st.markdown(f"Extent: **{found.band}**, {found.extent:.0%} of the organ's area")
        st.caption(HEURISTIC)
    st.markdown(found.description)
    st.markdown(f"In general: {found.advice}")
    links = "; ".join(f"[{title}]({url})" for title, url in found.sources)
    st.caption(f"Sources: {links}. Texts reviewed: {found.reviewed}.")
