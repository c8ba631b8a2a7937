"""Two shipped classifiers against each other on a page: answer, figures, table, report."""

from __future__ import annotations

import json

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.evaluate import seeds
from core.registry import Registry
from core.ui import comparison, quality, reports
from core.ui.figures import classification
from core.ui.figures.frame import show
from core.ui.text import measured


def draw(registry: Registry, domain: Domain, pair: list[Card]) -> None:
    """The plain answer for one or two classifiers, their figures, and files to take away."""
    found = [comparison.blocks(registry, card) for card in pair]
    shared = [k for k in found[0] if all(k in f for f in found)]
    if not shared:
        st.info(
            "These models have not been evaluated on a common test set yet: "
            f"`python -m core evaluate classifier --domain {domain.id} --data …` does it."
        )
        return
    where = shared[0]
    if len(shared) > 1:
        where = st.segmented_control(
            "Test set", shared, default=shared[0], key="test_set", required=True,
            format_func=lambda k: comparison.TEST_SETS.get(k, k),
        )  # fmt: skip
    blocks = [(card.title, f[where]) for card, f in zip(pair, found)]
    sentence = f"{pair[0].title} alone: train a second model to compare it with."
    disagree: list[int] = []
    if len(pair) == 2:
        own = [f[where] for f in found]
        sentence, disagree = comparison.plain_answer(registry, pair[0], pair[1], own, where)
    st.markdown(f"#### {sentence}")
    for card in pair:
        if line := seeds_line(registry, card, where):
            st.caption(line)
    figures = _figures(blocks, [domain.class_name(v) for v in pair[0].classes])
    table = pd.DataFrame(
        {name: {r.path: r.value for r in quality.rows(block)} for name, block in blocks}
    )
    st.dataframe(table, alt="Test results of both models")
    if disagree:
        with st.expander(f"The two models disagree on {len(disagree)} test images"):
            st.caption("Positions in the domain's data: " + ", ".join(map(str, disagree)))
    with st.container(horizontal=True):
        st.download_button("Table (CSV)", table.to_csv(), "comparison.csv", on_click="ignore")
        parts: list[str | go.Figure] = [
            f"<p>{sentence}</p>",
            table.to_html(border=0, na_rep="–"),
            *figures,
        ]
        title = f"Classifier comparison: {domain.name}"
        st.download_button(
            "Report (HTML)", lambda: reports.html_report(title, parts), "comparison.html",
            on_click="ignore",
        )  # fmt: skip


def seeds_line(registry: Registry, card: Card, where: str) -> str | None:
    """How a classifier's recipe does over its seeds, or None where only one was trained."""
    path = registry.folder(card.id) / seeds.FILE
    content = json.loads(path.read_text()) if path.exists() else {}
    found = content.get("test", {}).get(where)
    if not found or len(content["runs"]) < 2:
        return None
    figures = ", ".join(
        f"{quality.spell(k)} {measured(found[k])}" for k in ("balanced_accuracy", "auc", "ece")
    )
    return (
        f"{card.title}: over {len(content['runs'])} seeds (± sd) {figures}. Seed "
        f"{content['chosen']} is shown: it did best on held-out images."
    )


def _figures(blocks: classification.Blocks, names: list[str]) -> list[go.Figure]:
    found = [(classification.confusion_of(block), name) for name, block in blocks]
    known = [(matrix, name) for matrix, name in found if matrix is not None]
    figures = [classification.confusion(matrix, names, name) for matrix, name in known]
    if len(known) == 2:
        figures.append(classification.confusion_change(known[0][0], known[1][0], names))
    rest = [
        classification.per_class(blocks, names, "recall"),
        classification.roc(blocks, names),
        classification.reliability(blocks),
    ]
    drawn = [f for f in rest if f is not None]
    for row, group in enumerate([g for g in (figures, drawn) if g]):
        for place, (column, figure) in enumerate(zip(st.columns(len(group)), group)):
            with column:
                show(figure, f"result:{row}:{place}", figure.layout.title.text)
    return [*figures, *drawn]
