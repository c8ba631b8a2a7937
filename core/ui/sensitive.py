"""Where an image reacts to its latent: an overlay, directions ranked, one map per layer."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.cards import Card
from core.registry import Registry
from core.services.latent import Handle, Sensitivity, draw, sensitivities
from core.ui import layout, state
from core.ui.figures.frame import PALETTE, frame, show
from core.ui.live import Start, kept_handles
from core.ui.pictures import colours

STRONGEST = 99.5  # percentile drawn at full strength


def overlay(pixels: np.ndarray, values: np.ndarray, opacity: float = 0.75) -> np.ndarray:
    """A map over its image, stronger is more opaque: (S, S, C) and (S, S) to (S, S, 3) uint8."""
    top = float(np.percentile(values, STRONGEST)) or 1.0
    share = np.clip(values / top, 0, 1)
    colour = colours("Inferno")[np.rint(share * 255).astype(int)]
    grey = np.repeat(pixels.mean(2, keepdims=True), 3, 2) if pixels.shape[2] == 1 else pixels
    weight = (opacity * share)[..., None]
    return np.rint((1 - weight) * grey + weight * colour).astype(np.uint8)


def ranked(found: Sensitivity, names: dict[str, str]) -> go.Figure:
    """Directions by how much of the image they move."""
    rows = found.ranking[::-1]
    fig = go.Figure()
    fig.add_bar(
        x=[127.5 * v for _, v in rows], y=[names[k] for k, _ in rows], orientation="h",
        marker_color=PALETTE[0],
        hovertemplate="%{y}: %{x:.2f} grey levels<extra></extra>",
    )  # fmt: skip
    title = f"What moves this image most (n = {len(rows)} directions)"
    return frame(fig, title, "mean change, grey levels per deviation", "", 90 + 24 * len(rows))


def view(registry: Registry, card: Card, start: Start) -> None:
    """The whole view for one image."""
    handles: list[Handle] = kept_handles(registry, card)
    names = {h.id: h.name for h in handles}
    focus = st.selectbox(
        "By layer along", ["", *names], key="focus", bind="query-params",
        format_func=lambda i: names.get(i, "the strongest direction"),
    )  # fmt: skip
    key = (start.key, focus)
    with st.spinner("Measuring"):
        found = state.remember(
            "sensitivity", key,
            lambda: sensitivities(registry, card.id, start.styles, handles, focus),
        )  # fmt: skip
    pixels = draw(registry, card.id, start.styles, seed=start.seed)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.image(overlay(pixels, found.total), width="stretch",
                 alt="Where the image changes most over all directions")  # fmt: skip
        st.caption(
            "Root sum of squares over all directions, per standard deviation of W; finite "
            "differences of half a deviation to either side; the strongest ½ % is brightest."
        )
    with right:
        show(ranked(found, names), "ranking", "Directions ranked by the change they make")
    st.markdown(f"**Layer by layer along {names[found.strongest]}**")
    top = max(float(found.layers.max()), 1e-9)
    with layout.card_row():
        for place, values in enumerate(found.layers):
            with st.container(width=120, gap="xxsmall"):
                st.image(_grey(values / top), width="stretch", alt=f"Change by layer {place} alone")
                st.caption(f"layer {place}: {127.5 * values.mean():.2f}")
    st.caption("Mean change in grey levels per deviation; brightness is comparable across layers.")


def _grey(share: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
