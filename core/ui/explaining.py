"""Parts of the Explain page: what the models answer, how far to trust the maps, what would flip."""

from __future__ import annotations

import numpy as np
import streamlit as st
from annotated_text import annotated_text

from core.cards import Card
from core.domains import Domain
from core.explain.counterfactual import Counterfactual, counterfactual
from core.explain.dataset import read
from core.explain.export import png_grid
from core.explain.service import Explanation, targets
from core.registry import Registry
from core.services.overlay import overlay
from core.ui import layout, reports, state
from core.ui.figures import explanation, maps
from core.ui.figures.frame import show

_TONES = {"good": "#1F8A5B33", "warn": "#B86E0040", "plain": "#80808026"}


def prediction_line(found: list[Explanation], domain: Domain) -> None:
    """What every model answers, and which of its outputs is explained."""
    for one in found:
        chances = sorted(one.prediction.items(), key=lambda item: -item[1])[:3]
        text = ", ".join(f"{domain.class_name(k)} {v:.2f}" for k, v in chances)
        against = f" rather than **{domain.class_name(one.against)}**" if one.against else ""
        verb = "finds it realistic as" if one.task == "critic" else "answers"
        st.markdown(
            f"**{one.title}** {verb} {text}. "
            f"Explained: **{domain.class_name(one.target)}**{against}."
        )


def numbers(one: Explanation, key: str) -> None:
    """Reading, metric table with baselines, randomisation check and curves of one image."""
    st.subheader(f"How far to trust it: {one.title}", anchor=False)
    parts = [p if isinstance(p, str) else (p[0], p[1], _TONES[p[2]]) for p in one.reading.parts]
    annotated_text(*parts)
    st.dataframe(
        explanation.metric_table(one), hide_index=True, placeholder="–",
        alt="Metrics and baselines",
    )  # fmt: skip
    st.caption(
        "n = 1 image. ↑ higher is better, ↓ lower is better; a map worth showing beats all three "
        "baselines. Settings of every metric are in the export."
    )
    first, second, third = st.columns(3)
    with first:
        show(explanation.randomisation(one), f"random:{key}", "Randomisation check")
    for kind, column in zip(("insertion", "deletion"), (second, third)):
        with column:
            show(explanation.removal(one, kind), f"{kind}:{key}", f"{kind} curve")


def dataset_figures(registry: Registry, cards: list[Card]) -> None:
    """The same metrics over held-out images, as `evaluate explain` wrote them."""
    for card in cards:
        measured = read(registry, card.id)
        if not measured:
            st.caption(
                f"{card.title}: not measured over a test set yet; "
                f"`python -m core evaluate explain --domain {card.domain} --model {card.name} "
                "--data ARCHIVE` does it."
            )
            continue
        st.subheader(f"Over {measured['n']} test images: {card.title}", anchor=False)
        table = explanation.dataset_table(measured)
        st.dataframe(table, hide_index=True, placeholder="–", alt="Metrics over the test set")
        st.caption(explanation.dataset_reading(measured))


def downloads(found: list[Explanation], methods: list[str], look: maps.Look) -> None:
    """Everything on the page as files."""
    with st.container(horizontal=True):
        st.download_button(
            "Maps (PNG)", png_grid(found, methods), "maps.png", "image/png", on_click="ignore"
        )
        st.download_button(
            "Maps (NPY) and numbers",
            reports.explanation_archive(found),
            "maps.zip",
            on_click="ignore",
        )
        report = reports.explanation_report(found, methods, look)
        st.download_button(
            "Report (HTML)", report, "explanation.html", "text/html", on_click="ignore"
        )


def what_would_flip(
    registry: Registry, domain: Domain, cards: list[Card], picked: tuple[str, np.ndarray]
) -> None:
    """Search the nearest generated change of the image that makes a model answer another class."""
    st.subheader("What would change the answer?", anchor=False)
    able = {c.id: c for c in cards if c.task in ("classifier", "detector")}
    if not able:
        st.caption("Only classifiers and detectors have an answer to change.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox(
            "Model", list(able), key="flip_model", format_func=lambda i: able[i].title, width=260
        )
        labels = targets(registry, model)
        wanted = st.selectbox(
            "Change it to", labels, key="flip_to", format_func=domain.class_name, width=220
        )
        asked = st.button("Search", icon=":material/swap_horiz:")
    key = (picked[0], model, wanted)
    wishes = st.session_state.setdefault("_flips", [])
    if asked and key not in wishes:
        wishes.append(key)
    if key not in wishes:
        st.caption(
            "Moves the image through the autoencoder's latents until the model answers so. The "
            "result says what sways this model, not how a disease looks."
        )
        return

    def compute() -> Counterfactual:
        bar = st.progress(0.0, "Searching")

        def report(share: float, _: object) -> None:
            bar.progress(share)

        found = counterfactual(registry, model, picked[1], wanted, report)
        bar.empty()
        return found

    with layout.said_plainly():
        _flip(state.remember("counterfactuals", key, compute, keep=8), domain)


def _flip(found: Counterfactual, domain: Domain) -> None:
    name = domain.class_name(found.wanted)
    told = f"P({name}) {found.before:.2f} → {found.after:.2f} in {found.steps} steps"
    if not found.flipped:
        st.info(f"No change was found that flips the answer: {told}.")
    elif found.near_adversarial:
        st.warning(f"**Near-adversarial**, not evidence about {name}: {told}.")
    else:
        st.success(f"Flipped, visibly, and other models follow: {told}.")
    change = overlay(found.reconstruction, found.difference)
    tiles = (
        (found.original, "what the model saw"),
        (found.reconstruction, "as the autoencoder draws it"),
        (found.changed, f"changed: {name} {found.after:.2f}"),
        (change, "difference: red brighter, blue darker"),
    )
    with layout.card_row():
        for pixels, text in tiles:
            with st.container(width=240, gap="xxsmall"):
                st.image(pixels.squeeze(), width="stretch", alt=text)
                st.caption(text)
    others = "".join(f" {k}: {a:.2f} → {b:.2f}." for k, (a, b) in found.others.items())
    st.caption(
        f"{' '.join(found.doubts)} A random change of the same size gives {found.control:.2f}."
        f"{others} n = 1 image; a generated picture, no patient's."
    )
