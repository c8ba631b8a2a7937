"""Inputs that more than one page uses."""

from __future__ import annotations

import secrets

import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.models.diffusion import GUIDANCE, STEPS

MAX_SEED = 2**31 - 1


def choose_class(domain: Domain) -> str:
    """Select an image class; the choice is in the URL."""
    return st.selectbox(
        "Class", domain.class_ids, key="class", format_func=domain.class_name, bind="query-params"
    )


def choose_models(cards: list[Card], key: str, label: str, most: int = 2) -> list[Card]:
    """Select one or two models by title; the choice is in the URL."""
    by_id = {card.id: card for card in cards}
    chosen = st.multiselect(
        label,
        list(by_id),
        default=list(by_id)[:1],
        max_selections=most,
        key=key,
        format_func=lambda i: by_id[i].title,
        bind="query-params",
    )
    return [by_id[i] for i in chosen]


def choose_seed() -> int:
    """A seed with a button that draws another; the choice is in the URL."""
    seed = st.number_input(
        "Seed", 0, MAX_SEED, value=1, key="seed", bind="query-params",
        help="Image i uses seed + i. The same seed and model give the same image.",
    )  # fmt: skip
    return int(seed)


def new_seed() -> None:
    """Callback: put a fresh seed into the seed input."""
    st.session_state["seed"] = secrets.randbelow(100_000)


def sampling_options(card: Card) -> dict[str, float]:
    """The sampling settings of a model's family; only what differs from its default is passed."""
    guidance = card.config.get("guidance", GUIDANCE)
    defaults = {"steps": STEPS, "guidance": guidance, "truncation": 1.0}
    wanted: dict[str, float] = {}
    if "diffusion" in card.id or "diffusion" in card.family:
        wanted["steps"] = st.slider("Steps", 2, 50, int(defaults["steps"]), key=f"steps:{card.id}")
        wanted["guidance"] = st.slider(
            "Guidance", 1.0, 8.0, float(defaults["guidance"]), 0.25, key=f"guidance:{card.id}",
            help="Above 1 follows the class more closely, at the price of variety.",
        )  # fmt: skip
    else:
        wanted["truncation"] = st.slider(
            "Truncation", 0.3, 1.0, float(defaults["truncation"]), 0.05,
            key=f"truncation:{card.id}",
            help="Below 1 stays closer to the average image, at the price of variety.",
        )  # fmt: skip
    return {k: float(v) for k, v in wanted.items() if v != defaults[k]}
