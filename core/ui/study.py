"""The augmentation study on a page: what to show, the answer, its figures, what to take away."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.services import held_out_images
from core.study import architectures
from core.study.answer import (
    FIGURES,
    MODELS,
    against_words,
    answer,
    arm_words,
    effects,
    entry,
    footing,
    share_words,
)
from core.study.grid import arm
from core.study.table import table
from core.ui import layout, reports
from core.ui.comparison import TEST_SETS
from core.ui.figures import classification, study
from core.ui.figures.frame import show

PREFERRED = ("diffusion@1", "diffusion-unfiltered@1")  # shown first, where it was run


@dataclass(frozen=True)
class View:
    """What of a study is on screen: an arm against another, in one regime, on one test set."""

    results: dict[str, Any]
    model: str
    share: float
    arm: str
    against: str
    where: str
    figure: str

    @property
    def n(self) -> int:
        """Test images."""
        return int(self.results["test_images"][self.where])

    def arms(self) -> list[tuple[str, dict[str, Any]]]:
        """The rival and the arm, with their names in words."""
        pair = [(name, entry(self.results, self.model, self.share, name))
                for name in (self.against, self.arm)]  # fmt: skip
        return [(arm_words(name), found) for name, found in pair if found is not None]

    def effect(self) -> dict[str, Any] | None:
        """The comparison itself."""
        wanted = {k: getattr(self, k) for k in ("model", "share", "arm", "against")}
        return next(effects(self.results, **wanted, set=self.where), None)


def choose(results: dict[str, Any]) -> View:
    """Controls for a view; every choice is kept in the page's address."""
    models = list(dict.fromkeys(a["model"] for a in results["arms"] if arm(a["arm"]).synthetic))
    row = st.columns([2, 3, 2, 2])
    with row[0]:
        model = st.selectbox("Model", models, key="study_model", bind="query-params",
                             format_func=lambda m: MODELS.get(m, m))  # fmt: skip
    own = [a for a in results["arms"] if a["model"] == model]
    shares = sorted({a["share"] for a in own if arm(a["arm"]).synthetic})
    names = list(dict.fromkeys(a["arm"] for a in own if arm(a["arm"]).synthetic))
    first = next((names.index(name) for name in PREFERRED if name in names), 0)
    with row[1]:
        name = st.selectbox("Trained on real and …", names, first, key="study_arm",
                            bind="query-params", format_func=arm_words)  # fmt: skip
    rivals = list(dict.fromkeys(e["against"] for e in effects(results, model=model, arm=name)))
    with row[2]:
        against = st.selectbox("Compared with", rivals, key="study_against", bind="query-params",
                               format_func=lambda a: against_words(name, a))  # fmt: skip
    with row[3]:
        figure = st.selectbox("Figure", list(FIGURES), key="study_figure", bind="query-params",
                              format_func=FIGURES.__getitem__)  # fmt: skip
    left, right = st.columns(2)
    with left:
        share = st.segmented_control(
            "Share of the real training images", shares, default=shares[0], required=True,
            key="study_share", format_func=share_words,
        )  # fmt: skip
    with right:
        where = st.segmented_control(
            "Test set", list(results["test_images"]), default=next(iter(results["test_images"])),
            required=True, key="study_set", format_func=lambda k: TEST_SETS.get(k, k),
        )  # fmt: skip
    return View(results, model, share, name, against, where, figure)


def sentence(view: View) -> str:
    """The plain answer of a view."""
    return answer(view.results, view.model, view.share, view.arm, view.against, view.where,
                  view.figure)  # fmt: skip


def figures(view: View, labels: list[str]) -> list[list[go.Figure]]:
    """All figures of a view, by row."""
    results, model, arms = view.results, view.model, view.arms()
    rival = "control" if view.against == arm(view.arm).control else view.against
    first = [
        study.effect_plot(results, model, rival, view.where, view.figure),
        study.ratio_curve(results, model, view.share, view.where, view.figure),
    ]
    matrices = [np.array(found["confusion"]) for _, found in arms]
    second = [classification.confusion(m, labels, name) for m, (name, _) in zip(matrices, arms)]
    if len(arms) == 2:
        second.append(classification.confusion_change(matrices[0], matrices[1], labels))
    official = results["test_images"]["official"]
    third = [
        study.roc(arms, official), classification.reliability(arms),
        study.per_class(arms, labels, "recall"), study.per_class(arms, labels, "f1"),
    ]  # fmt: skip
    fourth = [study.training_curves(arms), study.accuracy_curves(arms)]
    rows = [[f for f in row if f is not None] for row in (first, second, third[:2], third[2:])]
    return [row for row in [*rows, fourth] if row]


def draw(view: View, domain: Domain) -> None:
    """The answer, what it rests on, the figures, disagreements, and files to take away."""
    text = sentence(view)
    st.markdown(f"#### {text}")
    lines = footing(view.results, view.model, view.share, view.arm, view.where)
    st.caption(" ".join(lines))
    labels = [domain.class_name(v) for v in view.results["labels"]]
    rows = figures(view, labels)
    for number, row in enumerate(rows):
        for place, (column, figure) in enumerate(zip(st.columns(len(row)), row)):
            with column:
                show(figure, f"study:{number}:{place}", figure.layout.title.text)
        if number == 0:
            st.caption("Below: the official test set, all seeds of each side together.")
    _architectures(view)
    found = table(view.results, view.where)
    with st.expander("All arms and regimes"):
        st.dataframe(found, hide_index=True, alt="Every arm of the study with its intervals")
    _disagreements(view)
    _downloads(domain, text, lines, found, [f for row in rows for f in row])


def _architectures(view: View) -> None:
    lines = list(architectures.sentences(view.results, view.where, view.figure))
    if not lines:
        return
    with st.expander("Architectures beside each other"):
        figure = study.architectures(view.results, view.where, view.figure)
        show(figure, "study:architectures", figure.layout.title.text)
        st.caption(
            "Real images alone. Lines are means over all seeds of a model; gaps compare only the "
            "seeds that both models have."
        )
        st.markdown("\n".join(f"- {line}" for line in lines))
        found = architectures.table(view.results, view.where, view.figure)
        st.dataframe(found, hide_index=True, alt="Gap of each architecture in every regime")


def _disagreements(view: View) -> None:
    found = view.effect()
    if found is None:
        return
    with st.expander(f"The two arms disagree on {len(found['disagree'])} of {view.n} test images"):
        st.caption(
            "By the majority of their seeds. Positions in the domain's data: "
            + (", ".join(map(str, found["disagree"])) or "none")
        )
        test = found["mcnemar"]
        st.caption(
            f"{against_words(view.arm, view.against).capitalize()} alone right: "
            f"{test['only_one_right']}; {arm_words(view.arm)} alone right: "
            f"{test['only_other_right']}; McNemar's exact p = {test['p']:.3g}."
        )

        with layout.said_plainly():
            if not held_out_images.folder():
                st.caption(f"Name your data folder in {held_out_images.VARIABLE} to see them here.")
            elif st.toggle("Show the first twelve", key="study_images"):
                domain, archives = view.results["domain"], view.results["archives"]
                row = layout.card_row()
                for i, name, pixels in held_out_images.images_at(
                    domain, found["disagree"], archives
                ):
                    with row, layout.card():
                        st.image(pixels.squeeze(), alt=f"Test image {i}, {name}")
                        st.caption(f"{i}: {name}")


def _downloads(
    domain: Domain, text: str, lines: list[str], found: pd.DataFrame, drawn: list[go.Figure]
) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)", found.to_csv(index=False), f"study-{domain.id}.csv", on_click="ignore"
        )
        st.download_button(
            "Report (HTML)", lambda: report(domain, text, lines, found, drawn),
            f"study-{domain.id}.html", on_click="ignore",
        )  # fmt: skip


def report(
    domain: Domain, text: str, lines: list[str], found: pd.DataFrame, drawn: list[go.Figure]
) -> bytes:
    """The view as one HTML file: answer, what it rests on, figures, table."""
    parts: list[str | go.Figure] = [f"<p><b>{html.escape(text)}</b></p>"]
    parts += [f"<p>{html.escape(line)}</p>" for line in lines]
    parts += [*drawn, found.to_html(border=0, na_rep="–", index=False)]
    return reports.html_report(f"Does synthetic data help? {domain.name}", parts)


def checkpoints(view: View, cards: list[Card]) -> list[Card]:
    """The kept models of a view's two arms, the rival first; fewer where they were not kept."""
    found = []
    for name in (view.against, view.arm):
        wanted = f"{view.model}_{view.share * 100:g}_{name}_"
        kept = [c for c in cards if _key(c).startswith(wanted)]
        found += kept[:1]
    return found


def _key(card: Card) -> str:
    return str((card.training.get("set") or {}).get("study", ""))


def in_study(card: Card) -> bool:
    """Whether a checkpoint is a kept cell of the study."""
    return bool(_key(card))
