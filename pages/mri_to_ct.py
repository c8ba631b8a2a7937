"""A slice of the head from MRI to CT or back: output, cycle, where from, and how wrong it is."""

import numpy as np
import streamlit as st

from core import domains
from core.services import translation_export as export
from core.services.translation import DIRECTIONS, DOMAIN, LABELS, Translation, ranked, translate
from core.translation.window import BRAIN, Window
from core.ui import gallery, layout, state, uploads
from core.ui import translation as parts

registry, domain = state.registry(), domains.get(DOMAIN)
NAMES = {"mri_to_ct": "MRI to CT", "ct_to_mri": "CT to MRI"}


def choose_slice(kind: str) -> tuple[str, np.ndarray, Window | None] | None:
    upload = uploads.pick_one(f"{LABELS[kind]} slice of the head", f"slice:{kind}")
    if upload:
        image = uploads.decode(upload)
        if image is None:
            return None
        uploads.notes(upload, image)
        shown = choose_shown() if kind == "ct" else None
        return upload.sha256, image.pixels, shown
    if kind == "ct":
        return None
    found = gallery.pickable(registry, domain)
    name = st.selectbox(
        "Or a generated MRI", list(found), index=None, key="generated",
        placeholder="Choose an image that our generators made", disabled=not found,
    )  # fmt: skip
    if name is None:
        return None
    pixels = found[name].pixels.squeeze()
    return state.digest(pixels.tobytes()), pixels, None


def choose_shown() -> Window:
    left, right = st.columns(2)
    help_ = "The display window of the picture. The models know width 80, level 40."
    width = left.number_input("Its window width, HU", 1, 4000, int(BRAIN.width), help=help_)
    level = right.number_input("Its window level, HU", -1000, 3000, int(BRAIN.level), help=help_)
    return Window(float(width), float(level))


def downloads(found: Translation) -> None:
    with st.container(horizontal=True):
        name = f"synthetic_{found.direction}_{found.source_sha256[:8]}"
        st.download_button(
            "DICOM", export.dicom_bytes(found), f"{name}.dcm", "application/dicom",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "PNG", export.png_bytes(found), f"{name}.png", "image/png",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.caption("Both files say in their own fields that they are synthetic and derived.")


layout.header(
    "MRI to CT",
    "A slice of the head in the other modality: what is invented, and how far it is off.",
)
cards = ranked(registry)
if not cards:
    parts.missing()
    st.stop()
with st.container(border=True):
    left, right = st.columns([2, 3], gap="large")
    with right:
        direction = st.segmented_control(
            "Direction", list(DIRECTIONS), key="direction", format_func=NAMES.__getitem__,
            default="mri_to_ct", required=True, bind="query-params",
        )  # fmt: skip
        titles = {c.id: c.title for c in cards}
        model = st.selectbox(
            "Model", list(titles), key="translator", format_func=titles.__getitem__,
            bind="query-params",
        )  # fmt: skip
        for sentence in registry.card(model).limits:
            st.caption(f":material/info: {sentence}")
    with left:
        picked = choose_slice(DIRECTIONS[direction][0])
        st.caption("Brain slices alone, whichever domain the sidebar names.")
if picked:
    key, pixels, shown = picked
    with layout.said_plainly():
        found = state.remember(
            "translations", (key, direction, model, shown),
            lambda: translate(registry, pixels, direction, model, shown),
        )  # fmt: skip
        if not found.in_scope:
            st.warning(f"Not translated. {found.message}", icon=":material/block:")
        else:
            st.caption(f":material/check: {found.message}")
            view = parts.choose_window(found.window)
            parts.row(found, view)
            first, second, third = st.columns(3, gap="large")
            with first:
                parts.compare(found, view)
                downloads(found)
            with second:
                parts.critic(registry, found)
            with third:
                parts.origin(registry, found)
            st.caption(layout.NOTICE)
parts.results(registry, cards, direction)
with st.expander("Data and terms"):
    st.markdown(registry.card(model).licence)
