"""What each way of changing an image does to it, and to the classifier that looks on."""

import streamlit as st

from core.cards import Card
from core.ui import controls, layout, state, sweep
from core.ui.figures import training
from core.ui.figures.frame import show

registry, domain = state.registry(), state.domain()


def strip(found: sweep.Sweep, key: str) -> None:
    with layout.card_row():
        for tick, image in zip(found.ticks, found.images):
            with st.container(width=128, gap="xxsmall"):
                alt = f"Synthetic image, {found.axis} {tick}"
                st.image(image.pixels.squeeze(), width="stretch", alt=alt)
                st.caption(f"{found.axis} {tick}" if found.axis != "class" else tick)
    if found.chances:
        show(sweep.curve(found, domain), key, f"Class probabilities along {found.axis}")


def dynamics(card: Card) -> None:
    history = training.read_history(registry.folder(card.id))
    groups = list(training.groups(list(training.series(history))))
    if not groups:
        st.caption("No training log is shipped with this model.")
        return
    chosen = st.selectbox(
        "Quantity", groups, key="dynamics", format_func=lambda g: g.replace("_", " ")
    )
    show(training.curves(history, chosen, card.title), "dynamics_figure", f"Training: {chosen}")


layout.header(
    "Latent space", "What each way of changing an image does, to the eye and as measured."
)
cards = state.cards("generator")
if not cards:
    layout.empty(domain, "generator", "There is no latent space to walk through.")
    st.stop()
with st.container(border=True):
    first, second, third = st.columns([3, 3, 2])
    with first:
        by_id = {c.id: c for c in cards}
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
with layout.said_plainly(), st.spinner("Drawing"):
    st.subheader("One seed, every class", anchor=False)
    key = (card.id, seed)
    walk = lambda: sweep.over_classes(registry, domain, card, seed)  # noqa: E731
    strip(state.remember("class_sweep", key, walk), "class_curve")
    st.subheader("One seed, from little to much", anchor=False)
    walk = lambda: sweep.over_setting(registry, domain, card, label, seed)  # noqa: E731
    strip(state.remember("setting_sweep", (*key, label), walk), "setting_curve")
st.subheader("How it was learned", anchor=False)
dynamics(card)
layout.caveats(domain)
