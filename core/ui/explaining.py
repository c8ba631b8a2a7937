"""Parts of the Explain page: what the models answer, how far to trust the maps, what would flip."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.explain.counterfactual import Counterfactual, counterfactual, ways
from core.explain.dataset import read
from core.explain.export import png_grid
from core.explain.service import Explanation, targets
from core.registry import Registry
from core.services.overlay import overlay
from core.ui import layout, reports, state
from core.ui.figures import explanation, maps
from core.ui.figures.frame import show
from core.ui.marked import marked

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
    marked(*parts)
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


def printable(found: list[Explanation], methods: list[str]) -> bytes:
    """The report as PDF."""
    from core.ui.pdf import explanation_pdf  # loads matplotlib: seconds that most visits save

    return explanation_pdf(found, methods)


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
        st.download_button(
            "Report (PDF)", lambda: printable(found, methods), "explanation.pdf",
            "application/pdf", on_click="ignore",
        )  # fmt: skip


_WAYS = {
    "diffusion": (
        "Redrawn by the diffusion model",
        "Turns the image into noise and lets the diffusion model draw it back as the other class, "
        "a little further each time, until the model changes its answer. The diffusion model "
        "never sees that model. The result shows what the two agree on, not how a disease looks.",
    ),
    "latent": (
        "Along the model's own gradient",
        "Moves the image through the autoencoder's latents along the model's gradient until the "
        "answer changes. The result says what sways this model, not how a disease looks.",
    ),
}


def what_would_flip(
    registry: Registry,
    domain: Domain,
    cards: list[Card],
    picked: tuple[str, np.ndarray],
    found: list[Explanation],
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
        wanted = st.selectbox(
            "Change it to", _alternatives(registry, model, found), key=f"flip_to:{model}",
            format_func=domain.class_name, width=220,
        )  # fmt: skip
        able_to = ways(registry, model, wanted)
        way = st.selectbox(
            "How", able_to, key=f"flip_way:{len(able_to)}", format_func=lambda w: _WAYS[w][0],
            width=280,
        )  # fmt: skip
        asked = st.button("Search", icon=":material/swap_horiz:")
    key = (picked[0], model, wanted, way)
    wishes = st.session_state.setdefault("_flips", [])
    if asked and key not in wishes:
        wishes.append(key)
    if key not in wishes:
        st.caption(_WAYS[way][1])
        return

    def compute() -> Counterfactual:
        bar = st.progress(0.0, "Searching")

        def report(share: float, _: object) -> None:
            bar.progress(share)

        changed = counterfactual(registry, model, picked[1], wanted, report, way)
        bar.empty()
        return changed

    with layout.said_plainly():
        _flip(state.remember("counterfactuals", key, compute, keep=8), domain)


def _alternatives(registry: Registry, model: str, found: list[Explanation]) -> list[str]:
    """What a model could answer instead, the likeliest first."""
    chances = next((one.prediction for one in found if one.model == model), {})
    labels = sorted(targets(registry, model), key=lambda label: -chances.get(label, 0.0))
    return labels[1:] if len(labels) > 1 and chances else labels


def _verdict(found: Counterfactual, name: str) -> None:
    told = f"P({name}) {found.before:.2f} → {found.after:.2f}"
    if found.strength is not None:
        told += f", drawn back from {found.strength:.0%} noise"
    if not found.flipped:
        st.info(f"No change was found that flips the answer: {told}.")
    elif found.near_adversarial:
        st.warning(f"**Near-adversarial**, not evidence about {name}: {told}.")
    elif found.others and 2 * found.followers > len(found.others):
        st.success(f"Flipped, visibly, and most other models follow: {told}.")
    else:
        st.warning(f"**Flipped, but unconfirmed**: {told}.")


def _controls(found: Counterfactual) -> str:
    """What else flips the answer, in one sentence."""
    size = f"The change is {found.change:.1f} of 255 grey levels (root mean square)."
    noise = f"A random change of the latents of the same size gives {found.control:.2f}."
    if found.attack is None:
        rival = "A meaningless pixel change along the model's gradient did not flip it."
    else:
        rival = (
            f"A meaningless pixel change along the model's gradient needs {found.attack:.1f}: the "
            "answer alone proves nothing."
        )
    return f"{size} {noise} {rival}"


def _flip(found: Counterfactual, domain: Domain) -> None:
    name = domain.class_name(found.wanted)
    _verdict(found, name)
    change = overlay(found.reconstruction, found.difference)
    tiles = (
        (found.original, "what the model saw"),
        (found.reconstruction, "as the autoencoder draws it"),
        (found.changed, f"changed: {name} {found.after:.2f}"),
        (change, "difference: red brighter, blue darker"),
    )
    with layout.card_row():
        for pixels, text in tiles:
            with st.container(width=225, gap="xxsmall"):
                st.image(pixels.squeeze(), width="stretch", alt=text)
                st.caption(text)
    others = " ".join(f"{k}: {a:.2f} → {b:.2f}." for k, (a, b) in found.others.items())
    unseen = f"Models that the search never saw: {others}" if others else ""
    drawn = f"Drawn as {domain.class_name(found.drawn_as)}." if found.drawn_as else ""
    said = (drawn, *found.doubts, _controls(found), unseen, "n = 1 image; no patient's picture.")
    st.caption(" ".join(part for part in said if part))
