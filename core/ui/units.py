"""Dissection on the page: a layer's units, where they are active, and the image without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.registry import Registry
from core.services.dissection import layers_of, table, unit_maps, without
from core.services.latent import draw
from core.ui import layout, state
from core.ui.changes import answers, compared
from core.ui.live import Start
from core.ui.pictures import difference
from core.ui.sensitive import overlay

MOST_UNITS = 8


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The shipped table of one layer's units for people."""
    return pd.DataFrame(
        {
            "Unit": row["unit"],
            "Segment": row["segment"],
            "IoU": round(row["iou"], 2),
            "IoU with other images' segments": round(row["control"], 2),
            "Turned off": "; ".join(
                f"{e['quantity']} {e['change']:+.2g} ({e['low']:+.2g} to {e['high']:+.2g})"
                for e in row["off"][:3]
            )
            or "no significant change",
        }
        for row in rows
    )


def view(registry: Registry, domain: Domain, card: Card, start: Start) -> None:
    """The whole view for one image."""
    shipped = table(registry, card.id)
    sizes = layers_of(registry, card.id)
    first, second, third = st.columns([2, 3, 2])
    layer = first.selectbox("Layer", list(sizes), index=min(2, len(sizes) - 1), key="layer",
                            bind="query-params")  # fmt: skip
    rows = shipped.get("layers", {}).get(layer, {}).get("top", [])
    known = {row["unit"]: f"{row['unit']} · {row['segment']}" for row in rows}
    order = [*known, *(u for u in range(sizes[layer]) if u not in known)]
    units = second.multiselect(
        "Units", order, order[:2], key=f"units:{layer}", max_selections=MOST_UNITS,
        format_func=lambda u: known.get(u, str(u)),
    )  # fmt: skip
    factor = third.slider(
        "Times their activation", 0.0, 4.0, 0.0, 0.25, key="factor", bind="query-params",
        help="0 turns them off, 1 changes nothing.",
    )  # fmt: skip
    if rows:
        n = shipped["n"]
        with st.expander(f"Units of this layer that match a segment best (n = {n} images)"):
            st.dataframe(frame_of(rows), hide_index=True, alt="Units, segments and ablation")
            st.caption(
                "Intersection over union on the half of the images that the threshold was not "
                "chosen on, beside the same against segments of other images: the layout that all "
                "images share. Turning off: mean change over the images, 95 % interval, not "
                "corrected for the number of units. Segments are image processing, not readings."
            )
    else:
        st.caption("Units were not matched with segments: run `python -m core dissect`.")
    if not units:
        st.info("Choose at least one unit.")
        return
    _pictures(registry, card, start, layer, units, factor, known)
    _changes(registry, domain, card, start, layer, units, factor)


def _pictures(
    registry: Registry,
    card: Card,
    start: Start,
    layer: str,
    units: list[int],
    factor: float,
    known: dict[int, str],
) -> None:
    pixels = draw(registry, card.id, start.styles, seed=start.seed)
    changed = without(registry, card.id, start.styles, layer, units, factor, start.seed)
    shown = {
        "Start": pixels,
        f"Units × {factor:g}": changed,
        "Difference": difference(pixels, changed),
    }
    for column, (name, image) in zip(st.columns(3), shown.items()):
        column.image(image.squeeze(), width="stretch", alt=f"{name}, synthetic image")
        column.caption(name)
    st.markdown("**Where the units are active**")
    maps = unit_maps(registry, card.id, start.styles, layer, units)
    with layout.card_row():
        for unit, values in zip(units, maps):
            with st.container(width=128, gap="xxsmall"):
                lifted = values - np.median(values)
                st.image(overlay(pixels, np.maximum(lifted, 0)), width="stretch",
                         alt=f"Activation of unit {unit} over the image")  # fmt: skip
                st.caption(known.get(unit, f"unit {unit}"))


def _changes(
    registry: Registry,
    domain: Domain,
    card: Card,
    start: Start,
    layer: str,
    units: list[int],
    factor: float,
) -> None:
    pixels = draw(registry, card.id, start.styles, seed=start.seed)
    changed = without(registry, card.id, start.styles, layer, units, factor, start.seed)
    ask = lambda image: answers(registry, domain, image, start.class_id)  # noqa: E731
    before = state.remember("start_answers", (start.key,), lambda: ask(pixels))
    after = ask(changed)
    names = ["Measured", "Start", "Changed", "Change"]
    rows = pd.DataFrame(compared(before, after), columns=names)
    st.dataframe(rows, hide_index=True, alt="What the change does to classifier and attributes")
    st.caption(after.note)
