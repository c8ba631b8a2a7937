"""The latent space at your fingertips: sliders, films, units, a map; every move is measured."""

import streamlit as st

from core.cards import Card
from core.services.dissection import has_units
from core.services.film import modes_of
from core.services.latent import has_styles
from core.ui import (
    controls,
    dynamics,
    films,
    landscape,
    layout,
    live,
    sensitive,
    starts,
    state,
    sweep,
    units,
)
from core.ui.figures.frame import show

registry, domain = state.registry(), state.domain()


def strip(found: sweep.Sweep, key: str) -> None:
    with layout.card_row():
        for tick, image in zip(found.ticks, found.images):
            with st.container(width=120, gap="xxsmall"):
                alt = f"Synthetic image, {found.axis} {tick}"
                st.image(image.pixels.squeeze(), width="stretch", alt=alt)
                st.caption(f"{found.axis} {tick}" if found.axis != "class" else tick)
    if found.chances:
        show(sweep.curve(found, domain), key, f"Class probabilities along {found.axis}")


def directions(card: Card, label: str, seed: int) -> None:
    start = starts.choose_start(registry, domain, card, label, seed)
    if start is None:
        return
    known = live.kept_handles(registry, card)
    picked = live.choose_handles(known, live.current(card.id).values)
    live.editor(registry, domain, card, start, picked)
    table = live.effect_table(known)
    with st.expander("What each direction measurably does"):
        if len(table):
            st.dataframe(table, hide_index=True, alt="Measured effects of directions")
            st.dataframe(live.summary(known), hide_index=True, alt="Directions in short")
        else:
            st.caption("No measured effects are shipped: run `python -m core directions`.")


def sensitivity(card: Card, label: str, seed: int) -> None:
    if start := starts.choose_start(registry, domain, card, label, seed):
        sensitive.view(registry, card, start)


def dissection(card: Card, label: str, seed: int) -> None:
    if start := starts.choose_start(registry, domain, card, label, seed):
        units.view(registry, domain, card, start)


def between(card: Card, label: str, seed: int) -> None:
    films.view(registry, domain, card, label, seed)


def over_classes(card: Card, label: str, seed: int) -> None:
    walk = lambda: sweep.over_classes(registry, domain, card, seed)  # noqa: E731
    with st.spinner("Drawing"):
        strip(state.remember("class_sweep", (card.id, seed), walk), "class_curve")


def over_setting(card: Card, label: str, seed: int) -> None:
    walk = lambda: sweep.over_setting(registry, domain, card, label, seed)  # noqa: E731
    with st.spinner("Drawing"):
        strip(state.remember("setting_sweep", (card.id, seed, label), walk), "setting_curve")


def overview(card: Card, label: str, seed: int) -> None:
    landscape.view(registry, domain, card)


def learned(card: Card, label: str, seed: int) -> None:
    dynamics.view(registry, domain, card)


def views_of(card: Card) -> dict:
    styles = {"Directions": directions, "Where it reacts": sensitivity}
    found = dict(styles) if has_styles(registry, card) else {}
    if has_units(registry, card):
        found["Units"] = dissection
    if modes_of(registry, card):
        found["Between two images"] = between
    return found | {
        "Map": overview,
        "Every class": over_classes,
        "From little to much": over_setting,
        "How it was learned": learned,
    }


layout.header("Latent space", "Move through what a generator has learned; every move is measured.")
cards = state.cards("generator")
if not cards:
    layout.empty(domain, "generator", "There is no latent space to walk through.")
    st.stop()
with st.container(border=True):
    first, second, third = st.columns([3, 3, 2])
    by_id = {c.id: c for c in sorted(cards, key=lambda c: "style" not in f"{c.id} {c.family}")}
    with first:
        chosen = st.selectbox(
            "Model", list(by_id), key="latent", bind="query-params",
            format_func=lambda i: by_id[i].title,
        )  # fmt: skip
    with second:
        label = controls.choose_class(domain)
    with third, st.container(horizontal=True, vertical_alignment="bottom"):
        seed = controls.choose_seed()
        st.button("", icon=":material/casino:", on_click=controls.new_seed, help="Other seed")
card = by_id[chosen]
with layout.said_plainly():
    if label not in card.classes:
        st.info(f"{card.title} does not know {domain.class_name(label)}: choose another class.")
        st.stop()
    views = views_of(card)
    if not has_styles(registry, card):
        st.caption("This family has no W space for sliders: what a seed, a class and a setting do.")
    view = st.segmented_control(
        "View", list(views), default=next(iter(views)), key="view", bind="query-params",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    views[view](card, label, seed)
layout.caveats(domain)
