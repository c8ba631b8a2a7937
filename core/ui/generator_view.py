"""The Explain page's second view: what in a generator made the image that it drew."""

from __future__ import annotations

import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.explain.generator import GeneratorExplanation, explain_generator
from core.explain.service import explainable_models, targets
from core.explain.unet_features import explain_over_time
from core.registry import Registry
from core.ui import controls, layout, state
from core.ui.figures import generators
from core.ui.figures.frame import show

REGION = "a region's brightness"


def view(registry: Registry, domain: Domain) -> None:
    """Choose a generator and one of its images; show what in the generator made it."""
    by_id = {c.id: c for c in state.cards("generator")}
    if not by_id:
        layout.empty(domain, "generator", "There is no generator to explain.")
        return
    with st.container(border=True):
        first, second, third = st.columns([3, 3, 2])
        with first:
            chosen = st.selectbox(
                "Generator", list(by_id), key="generator", bind="query-params",
                format_func=lambda i: by_id[i].title,
            )  # fmt: skip
        with second:
            label = controls.choose_class(domain)
        with third:
            seed = controls.choose_seed()
    with layout.said_plainly():
        if "diffusion" in by_id[chosen].family or "diffusion" in chosen:
            over_time(registry, by_id[chosen], label, seed)
        else:
            through(registry, domain, by_id[chosen], label, seed)


def over_time(registry: Registry, card: Card, label: str, seed: int) -> None:
    """Feature maps of a diffusion network from noise to image."""
    with st.spinner("Drawing, with an eye on every level"):
        found = state.remember(
            "features", (card.id, label, seed),
            lambda: explain_over_time(registry, card.id, label, seed), keep=4,
        )  # fmt: skip
    level = st.segmented_control(
        "Level of the network", list(found), default="middle", key="level", required=True
    )
    show(generators.over_time(found[level], level), "over_time", f"Feature maps of {level}")
    st.caption(
        "Mean magnitude of the level's features at every step of one sample, noise first. It "
        "shows where the network is active, not why: n = 1 image."
    )


def through(registry: Registry, domain: Domain, card: Card, label: str, seed: int) -> None:
    """Gradients of a region's brightness or of a model's score through a GAN."""
    scorers = {i: registry.card(i) for i in explainable_models(registry, domain.id)}
    names = {REGION: REGION} | {i: f"the score of {c.title}" for i, c in scorers.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.selectbox(
            "Explain", list(names), key="scored", format_func=names.__getitem__, width=320
        )
        target, region = None, None
        if what == REGION:
            top, bottom = st.slider("Rows, %", 0, 100, (30, 70), 5, key="rows", width=200)
            left, right = st.slider("Columns, %", 0, 100, (30, 70), 5, key="columns", width=200)
            region = (top / 100, left / 100, bottom / 100, right / 100)
        else:
            target = st.selectbox(
                "Output", targets(registry, what), key=f"output:{what}",
                format_func=domain.class_name, width=240,
            )  # fmt: skip
    key = (card.id, label, seed, what, target, region)
    with st.spinner("Following the gradient"):
        found: GeneratorExplanation = state.remember(
            "through", key,
            lambda: explain_generator(
                registry, card.id, label, seed, region, None if what == REGION else what, target
            ),
        )  # fmt: skip
    _draw(found, names[what], region)


def _draw(
    found: GeneratorExplanation, what: str, region: tuple[float, float, float, float] | None
) -> None:
    first, second = st.columns([1, 3])
    with first:
        st.image(generators.framed(found.pixels, region), width="stretch", alt="Generated image")
        st.caption(f"Synthetic; {what}: {found.score:.3f}")
    with second:
        if found.layers:
            show(generators.layer_maps(found.layers), "layers", "Attribution to every layer's maps")
    left, right = st.columns(2)
    if found.w.size:
        with left:
            show(generators.layer_shares(found), "shares", "Share of each layer's style")
        with right:
            show(generators.coordinates(found.w.sum(0), "w"), "w", "Strongest coordinates of w")
    else:
        with left:
            show(generators.coordinates(found.z, "z"), "z", "Strongest coordinates of the noise")
    st.caption(
        "Gradient times activation (layers), times distance from the class's mean (w); to first "
        "order, of one image (n = 1)."
    )
