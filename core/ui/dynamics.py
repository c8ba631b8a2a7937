"""How a generator was learned: curves of the log, and its fixed-seed images over time."""

from __future__ import annotations

import io

import streamlit as st
from PIL import Image

from core.cards import Card
from core.domains import Domain
from core.registry import Registry
from core.training.dynamics import COLUMNS, SIDE, Dynamics, unpack
from core.ui import state
from core.ui.figures import training
from core.ui.figures.frame import show


def view(registry: Registry, domain: Domain, card: Card) -> None:
    """Curves, and a slider through the grids where they are shipped."""
    folder = registry.folder(card.id)
    found = state.remember("dynamics", (card.id,), lambda: unpack(folder), keep=2)
    groups = training.groups(list(training.series(found.history)))
    if not groups:
        st.caption("No training log is shipped with this model.")
        return
    if found.grids:
        grids(found, card, domain)
    else:
        st.caption("No images of the training are shipped with this model.")
    spell = {g: g.replace("_", " ") for g in groups}
    chosen = st.selectbox("Quantity", list(groups), key="dynamics", format_func=spell.__getitem__)
    figure = training.curves(found.history, chosen, card.title)
    show(figure, "dynamics_figure", f"Training: {chosen}")


@st.fragment
def grids(found: Dynamics, card: Card, domain: Domain) -> None:
    """A slider through the images that fixed seeds gave while training."""
    steps = list(found.grids)
    label = {s: f"{found.images_seen[s]:,} images" if s in found.images_seen else f"step {s:,}"
             for s in steps}  # fmt: skip
    step = steps[0] if len(steps) == 1 else st.select_slider(
        "After", steps, steps[-1], key=f"grid:{card.id}", format_func=label.__getitem__
    )  # fmt: skip
    image = Image.open(io.BytesIO(found.grids[step]))
    names = ", ".join(domain.class_name(c) for c in card.classes)
    st.image(image, width=COLUMNS * SIDE * 2, alt=f"Synthetic images after {label[step]}")
    st.caption(
        f"After {label[step]}. Rows: {names}; columns: the same seeds throughout. Synthetic."
    )
