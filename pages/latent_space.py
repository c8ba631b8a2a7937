"""Sliders on the latent space, with what each way of changing an image measurably does."""

import streamlit as st

from core.cards import Card
from core.services.latent import has_styles
from core.ui import controls, layout, live, state, sweep
from core.ui.figures import training
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
    live.editor(registry, domain, card, label, seed)
    table = live.effect_table(live.kept_handles(registry, card))
    with st.expander("What each direction measurably does"):
        if len(table):
            st.dataframe(table, hide_index=True, alt="Measured effects of directions")
        else:
            st.caption("No measured effects are shipped with this model.")


def interpolation(card: Card, label: str, seed: int) -> None:
    names = [c for c in domain.class_ids if c in card.classes]
    first, second = st.columns(2)
    to_class = first.selectbox(
        "To class", names, key="to_class", format_func=domain.class_name, bind="query-params"
    )
    to_seed = second.number_input(
        "To seed", 0, controls.MAX_SEED, value=2, key="to_seed", bind="query-params"
    )
    ends = ((label, seed), (to_class, int(to_seed)))
    make = lambda: live.film(registry, domain, card, *ends)  # noqa: E731
    live.show_film(state.remember("films", (card.id, *ends), make, keep=8), domain)


def over_classes(card: Card, label: str, seed: int) -> None:
    walk = lambda: sweep.over_classes(registry, domain, card, seed)  # noqa: E731
    with st.spinner("Drawing"):
        strip(state.remember("class_sweep", (card.id, seed), walk), "class_curve")


def over_setting(card: Card, label: str, seed: int) -> None:
    walk = lambda: sweep.over_setting(registry, domain, card, label, seed)  # noqa: E731
    with st.spinner("Drawing"):
        strip(state.remember("setting_sweep", (card.id, seed, label), walk), "setting_curve")


def dynamics(card: Card, label: str, seed: int) -> None:
    history = training.read_history(registry.folder(card.id))
    groups = list(training.groups(list(training.series(history))))
    if not groups:
        st.caption("No training log is shipped with this model.")
        return
    spell = {g: g.replace("_", " ") for g in groups}
    chosen = st.selectbox("Quantity", groups, key="dynamics", format_func=spell.__getitem__)
    show(training.curves(history, chosen, card.title), "dynamics_figure", f"Training: {chosen}")


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
    with third:
        seed = controls.choose_seed()
    st.button("Other seed", icon=":material/casino:", on_click=controls.new_seed)
card = by_id[chosen]
with layout.said_plainly():
    if label not in card.classes:
        st.info(f"{card.title} does not know {domain.class_name(label)}: choose another class.")
        st.stop()
    views = {
        "Directions": directions,
        "Between two images": interpolation,
        "Every class": over_classes,
        "From little to much": over_setting,
        "How it was learned": dynamics,
    }
    if not has_styles(registry, card):
        views = {name: views[name] for name in list(views)[2:]}
        st.caption("This family has no W space for sliders: what a seed, a class and a setting do.")
    view = st.segmented_control(
        "View", list(views), default=next(iter(views)), key="view", bind="query-params",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    views[view](card, label, seed)
layout.caveats(domain)
