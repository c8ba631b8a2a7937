"""The corner of the Concepts page where users label their own images as a concept."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.concepts.sets import LEAST
from core.concepts.shipped import Shipped
from core.errors import UnreadableImageError
from core.registry import Registry
from core.services.concepts import as_json, own_concept
from core.ui import layout, uploads
from core.ui.state import digest, remember
from core.ui.text import escape

_KEPT = "_own_concepts"


def kept(model: str) -> list[Shipped]:
    """The concepts that this session tested on a model, in the order they were made."""
    return list(st.session_state.get(_KEPT, {}).get(model, {}).values())


def ask(registry: Registry, model: str, layer: str) -> None:
    """Inputs for a concept, and its test at the chosen layer."""
    st.markdown(
        f"Label images as a concept: at least {LEAST} that show it and {LEAST} of the same kind "
        "that do not. Whatever else tells the two groups apart, such as another hospital or file "
        "format, becomes part of the concept. Images stay in this session."
    )
    name = st.text_input("Concept", key="own_name", placeholder="pacemaker", max_chars=60)
    first, second = st.columns(2)
    with first:
        shows = uploads.pick_many("Images that show it", "own_shows")
    with second:
        others = uploads.pick_many("Images that do not", "own_others")
    if st.button("Test this concept", icon=":material/science:", disabled=not (shows and others)):
        with layout.said_plainly():
            given, rest = _pixels(shows), _pixels(others)
            key = (model, layer, name, *(u.sha256 for u in shows), "|", *(u.sha256 for u in others))
            bar = st.progress(0.0, "Testing the concept")
            found = remember(
                "own_concept_tests",
                key,
                lambda: own_concept(
                    registry, model, name, given, rest, layer, 0, lambda share: _tell(bar, share)
                ),
            )
            bar.empty()
            place = f"{name.strip()}:{layer}"
            st.session_state.setdefault(_KEPT, {}).setdefault(model, {})[place] = found
            st.rerun()
    for number, found in enumerate(kept(model)):
        _result(found, number)


def _tell(bar: DeltaGenerator, share: float) -> None:
    bar.progress(share)


def _pixels(files: list[uploads.Upload]) -> list[np.ndarray]:
    """Decoded images; those that cannot be read are named and left out."""
    found = []
    for file in files:
        try:
            found.append(uploads.read(file).pixels)
        except UnreadableImageError as error:
            st.warning(escape(str(error)))
    return found


def _result(found: Shipped, number: int) -> None:
    about, row = found.concepts[0], found.rows[0]
    passed = [r.label for r in found.rows if r.evidence]
    told = f"evidence for {', '.join(passed)}" if passed else "no evidence"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{escape(about.name)}** at {found.layers[0]}: {told}; held-out accuracy "
            f"{row.accuracy:.2f} ({row.accuracy_ci[0]:.2f} to {row.accuracy_ci[1]:.2f})."
        )
        st.download_button(
            "Vectors and figures (JSON)",
            as_json(found),
            "concept.json",
            "application/json",
            key=f"own_json:{number}:{digest(about.name.encode())[:8]}",
        )
