"""Every checkpoint with its card, figures and sha256 status, and what is known of the data."""

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import streamlit as st

from core.cards import Card, read_metrics
from core.ui import layout, quality, state, text
from core.ui.figures import training
from core.ui.figures.frame import show

AUDITS = Path(__file__).parents[1] / "docs" / "audit"


def model_table(registry) -> None:
    status = {s.id: s for s in registry.statuses()}
    rows = [
        {
            "Model": card.title,
            "Domain": card.domain,
            "Task": card.task,
            "Family": card.family,
            "Parameters": card.parameters,
            "Size": text.size(sum(p.stat().st_size for p in registry.folder(card.id).glob("*"))),
            "sha256": "verified" if status[card.id].verified else "does not match",
        }
        for card in registry.cards()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="All checkpoints")
    for wrong in (s for s in status.values() if not s.verified and has_card(registry, s.id)):
        st.warning(f"{wrong.id}: {wrong.message}", icon=":material/warning:")


def has_card(registry, model_id: str) -> bool:
    return (registry.folder(model_id) / "card.json").exists()


def figures_of(registry, card: Card) -> None:
    found = quality.rows(read_metrics(registry.folder(card.id)))
    if not found:
        st.caption(
            "No evaluation has been run for this model: `python -m core evaluate` writes one."
        )
        return
    table = pd.DataFrame([{"Figure": r.path, "Value": r.value, "n": r.n} for r in found])
    st.dataframe(
        table, hide_index=True, alt="Measured figures", height=min(38 * len(table) + 40, 420)
    )


def curves_of(registry, card: Card) -> None:
    history = training.read_history(registry.folder(card.id))
    groups = list(training.groups(list(training.series(history))))
    if not groups:
        st.caption("No training log is shipped with this model.")
        return
    group = st.selectbox("Curve", groups, key="curve", format_func=lambda g: g.replace("_", " "))
    show(training.curves(history, group, card.title), "curve_figure", f"Training curve: {group}")


def provenance(registry, card: Card) -> None:
    for sentence in card.limits:
        st.markdown(f"- {sentence}")
    st.markdown(f"**Intended use.** {card.intended_use}")
    st.markdown(f"**Licence.** {card.licence or 'not stated'}")
    for name, expected in card.files.items():
        st.caption(f"`{name}` sha256 `{expected}`")
    with st.expander("The whole card"):
        st.json(asdict(card), expanded=1)


def data_of(domain) -> None:
    st.markdown(
        f"{domain.modality.capitalize()}; classes: " + ", ".join(c.name for c in domain.classes)
    )
    for source in domain.sources:
        title = f"[{source.title}]({source.url})" if source.url else source.title
        st.markdown(f"**{title}** — {source.licence}. {source.redistribution} {source.citation}.")
    layout.caveats(domain)
    path = AUDITS / f"{domain.id}.json"
    if not path.exists():
        st.caption(
            f"No audit yet: `python -m core data audit {domain.id} --data ARCHIVE` makes one."
        )
        return
    audit = json.loads(path.read_text())
    rows = [{"Finding": r.path, "Value": r.value} for r in quality.rows(audit)]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Data audit")
    with st.expander("The whole audit"):
        st.json(audit, expanded=1)


registry, domain = state.registry(), state.domain()
layout.header(
    "Models and data", "What each model is, how it was made, how well it does, and on what."
)
own = [c for c in registry.cards() if c.domain in (domain.id, "shared")]
if own:
    by_id = {c.id: c for c in own}
    chosen = st.selectbox(
        f"Model for {domain.name}",
        list(by_id),
        key="card",
        bind="query-params",
        format_func=lambda i: f"{by_id[i].title} ({by_id[i].task})",
    )
    card = by_id[chosen]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Measured", anchor=False)
        figures_of(registry, card)
        st.subheader("Limits, terms and files", anchor=False)
        provenance(registry, card)
    with right:
        st.subheader("Training", anchor=False)
        curves_of(registry, card)
else:
    layout.empty(domain, "generator", "Nothing has been trained for this domain.")
st.subheader(f"Data: {domain.name}", anchor=False)
data_of(domain)
st.subheader("All checkpoints", anchor=False)
model_table(registry)
