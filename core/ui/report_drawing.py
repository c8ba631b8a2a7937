"""What the page Report to X-ray shows: the reading, the images, the figures of the model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.cards import Card, read_metrics
from core.registry import Registry
from core.services.export import file_name, png_bytes
from core.services.text import Drawn, Reading, agrees
from core.services.text_options import guidance_of
from core.text.conditions import NAMES
from core.ui import layout
from core.ui.figures import guidance as guidance_figure
from core.ui.figures.frame import show
from core.ui.text import measured

_LABELS = {"NORMAL": "Normal", "PNEUMONIA": "Pneumonia"}
_GROUPS = {
    "all": "All sentences", "denied": "Denied", "resolved": "Resolved", "hedged": "Hedged",
    "affirmed": "Affirmed",
}  # fmt: skip


def name(condition: str) -> str:
    """A condition or classifier label for people."""
    return NAMES.get(condition, _LABELS.get(condition, condition))


def reading(found: Reading, card: Card) -> None:
    """The condition a generator took from the text, and how sure it was."""
    share = found.probabilities[found.condition]
    st.markdown(f"{card.title} reads: **{name(found.condition)}** ({share:.0%})")
    if share < 0.6:
        st.caption(":material/info: The text leaves it open; images may show either condition.")
    if found.cut:
        st.caption(":material/content_cut: The text was too long: its end was left out.")


def images(drawn: Drawn, key: str) -> None:
    """Images as cards, with what the classifier sees in each."""
    answers: list[Any] = list(drawn.answers) or [None] * len(drawn.images)
    with layout.card_row():
        for place, (image, answer) in enumerate(zip(drawn.images, answers)):
            with layout.card():
                what = f"Synthetic chest X-ray: {name(drawn.reading.condition)}"
                st.image(image.pixels.squeeze(), width="stretch", alt=what)
                st.caption(f"seed {image.seed}")
                if answer is not None:
                    fits = agrees(answer, drawn.reading.condition)
                    chance = answer.probabilities[answer.label]
                    icon = ":material/check:" if fits else ":material/close:"
                    st.badge(
                        f"{name(answer.label)} {chance:.0%}", icon=icon,
                        color="green" if fits else "orange",
                        help="What the classifier sees, and whether it fits the condition read.",
                    )  # fmt: skip
                st.download_button(
                    "PNG", png_bytes(image), file_name(image), "image/png", on_click="ignore",
                    key=f"png:{key}:{place}", icon=":material/download:",
                )  # fmt: skip
    if drawn.judge:
        st.caption(f"Seen by {drawn.judge}, which never saw a synthetic image or a text.")


def figures(registry: Registry, card: Card) -> None:
    """Measured agreement, negation, paraphrase and fidelity, from the model's metrics file."""
    metrics = read_metrics(registry.folder(card.id))
    if "agreement" not in metrics:
        st.caption("No evaluation of this model is on file.")
        return
    rows = [
        (
            name(c), measured(v["agreement"]) or "no classifier knows it",
            measured(v.get("real")) or "–", measured(v["read"]),
            str((v["agreement"] or {}).get("n", "–")), v["texts"],
        )
        for c, v in metrics["agreement"].items()
    ]  # fmt: skip
    st.markdown("**Does the image show what the text says?** Held-out texts.")
    seen = "Same classifier on real images"
    _table(
        rows, ("Condition in the text", "Image agrees", seen, "Text read right", "Images", "Texts")
    )
    if judges := sorted(set(metrics.get("judges", {}).values())):
        st.caption(
            f"Judged by {', '.join(judges)}, which learned from real images alone. It errs on real "
            "test images too: its share right there is the agreement that real images reach."
        )
    negation = metrics["negation"]
    st.markdown("**Negation, hedging, resolution.** Hand-written sentences, not of the training.")
    groups = [(label, negation[k]) for k, label in _GROUPS.items() if negation.get(k)]
    _table([(g, measured(v), v["n"]) for g, v in groups], ("Sentences", "Right", "Images"))
    with st.container(horizontal=True, gap="medium"):
        wording = metrics["paraphrase"]["sensitivity"]
        copies = metrics["copies"]["feature"]
        for title, value, key in (
            ("Wording ÷ seed", wording, "paraphrase"), ("FID ratio", metrics["fid_ratio"],
             "fid_ratio"), ("Recall", metrics["recall"], "recall"),
            ("Copies", copies["synthetic"], "copies"),
            ("Copies, held-out real", copies["held_out"], "copies"),
        ):  # fmt: skip
            help_text = metrics["definitions"].get(key)
            st.metric(title, measured(value) or "–", help=help_text, width="content")


def guidance(registry: Registry, card: Card) -> None:
    """What guidance does to agreement and variety, where it was measured."""
    if found := guidance_of(registry, card):
        alt = f"Agreement and similarity by guidance; {found['chosen']:g} is the default"
        show(guidance_figure.trade_off(found), f"guidance:{card.id}", alt)
        st.caption(
            f"The default, {found['chosen']:g}, is the least guidance that agrees within "
            f"{100 * found['slack']:.0f} point of the best on reports of the validation part."
        )


def _table(rows: list[tuple[Any, ...]], names: tuple[str, ...]) -> None:
    st.dataframe(pd.DataFrame(rows, columns=list(names)), hide_index=True, width="stretch")


def limits(card: Card) -> None:
    """What the model's card says it cannot do."""
    for sentence in card.limits:
        st.caption(f":material/info: {sentence}")
