"""What a study says so far, task by task, on screen."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, TURING
from core.readers.questions import CAUSABILITY_ITEMS, RATINGS
from core.ui.figures import readers as figures
from core.ui.figures.frame import show
from core.ui.readers.common import SIMULATED, method_name
from core.ui.text import measured

INTERVALS = (
    "95 % intervals are for other readers and other cases like these (multi-reader multi-case, "
    "Obuchowski and Rockette); a single reader's are exact (binomial, mid-P)."
)


def findings(found: dict[str, Any]) -> None:
    """Every task that has answers."""
    for task, (title, draw) in _DRAWN.items():
        if found.get(task):
            st.subheader(title, anchor=False)
            if found["label"]:
                st.markdown(SIMULATED)
            draw(found[task])
    if found["answers"]:
        st.caption(INTERVALS)


def _metrics(values: dict[str, Any]) -> None:
    with st.container(horizontal=True, gap="medium"):
        for name, value in values.items():
            if text := measured(value, 2):
                head, _, limits = text.partition(" ")
                st.metric(name, head, limits or None, delta_color="off", width="content",
                          delta_arrow="off")  # fmt: skip


def _p(value: float | None) -> str:
    if value is None or value != value:
        return "–"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _turing(found: dict[str, Any]) -> None:
    agreement = found["agreement"]
    _metrics(
        {
            "Accuracy": found["accuracy"],
            "Sensitivity": found["sensitivity"],
            "Specificity": found["specificity"],
            "d′": found["d_prime"],
            "AUC of confidence": found["auc"],
            "Fleiss’ κ": agreement["fleiss"],
            "Seconds": found["times"],
        }
    )
    accuracy, versus = found["accuracy"], found["versus_detector"]
    st.markdown(f"Against chance (50 %): {_p(accuracy['p_chance'])}. " + _against(versus))
    marks = {"chance": 0.5}
    if versus:
        marks["detector"] = versus["detector"]["value"]
    lines = [(f"Reader {line['reader']}", line["accuracy"]) for line in found["readers"]]
    lines.append(("All readers", accuracy))
    left, right = st.columns([3, 2])
    with left:
        title = f"Accuracy (n = {accuracy['readers']} readers, {accuracy['cases']} cases)"
        show(figures.dots(lines, title, "share right", marks, (0, 1)), "turing", "Accuracies")
    with right:
        if agreement["cohen"]:
            n = max(line["cases"] for line in agreement["cohen"])
            show(figures.pairs(agreement["cohen"], n), "kappa", "Agreement of pairs of readers")
    with st.expander("Every reader"):
        st.dataframe(
            pd.DataFrame([_reader_row(line) for line in found["readers"]]), hide_index=True,
            alt="One line per reader",
        )  # fmt: skip


def _against(versus: dict[str, Any]) -> str:
    if not versus:
        return "No detector judged these cases."
    gap, machine = versus["difference"], versus["detector"]
    low, high = gap["ci"]
    return (
        f"Readers minus detector on the same cases: **{gap['value']:+.2f}** ({low:+.2f} to "
        f"{high:+.2f}), {_p(gap['p'])}; the detector had {machine['k']} of {machine['n']} right."
    )


def _reader_row(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "Reader": line["reader"], "Role": line["role"], "Years": line["years"],
        "Accuracy": measured(line["accuracy"], 2), "Against chance": _p(line["p_chance"]),
        "Sensitivity": measured(line["sensitivity"], 2),
        "Specificity": measured(line["specificity"], 2),
        "d′": line["d_prime"], "AUC": line["auc"], "Median seconds": line["median_seconds"],
    }  # fmt: skip


def _compare(found: dict[str, Any]) -> None:
    lines = [(method_name(m["method"]), m | {"value": m["score"]}) for m in found["methods"]]
    title = f"Bradley-Terry scores (n = {found['answers']} comparisons, {found['readers']} readers)"
    show(figures.dots(lines, title, "score (log odds against the average map)", {"average": 0.0}),
         "bradley_terry", "Ranking of explanation methods")  # fmt: skip
    table = [
        {
            "Method": method_name(m["method"]), "Won": f"{m['wins']} of {m['n']}",
            "Score": measured(m | {"value": m["score"]}, 2),
            "Against the random map (Holm)": _p(m.get("p_control")),
        }
        for m in found["methods"]
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(table), hide_index=True, alt="Scores of methods")


def _rate(found: dict[str, Any]) -> None:
    for column, (item, text) in zip(st.columns(len(RATINGS)), RATINGS.items()):
        with column:
            figure = figures.likert(found["likert"], item, item.capitalize(), method_name)
            show(figure, f"likert:{item}", text)
            st.caption(f"“{text}”")


def _causability(found: dict[str, Any]) -> None:
    lines = [(method_name(m["method"]), m) for m in found["scores"]]
    n = found["scores"][0]["readers"]
    show(figures.dots(lines, f"System Causability Scale (n = {n} readers)", "score, 0.2 to 1",
                      limits=(0.2, 1)), "scs", "Score of each method")  # fmt: skip
    st.caption(
        "Sum of the ten answers of the System Causability Scale over 50, averaged over readers "
        "(Holzinger, Carrington & Müller 2020, KI 34, 193–198). The questions are shortened here, "
        "so compare methods within this study, not with published values."
    )
    with st.expander("The ten questions"):
        rows = [
            {"Method": method_name(line["method"]), "Question": CAUSABILITY_ITEMS[line["item"]],
             "Mean": measured(line["mean"], 2),
             **{str(k + 1): n for k, n in enumerate(line["counts"])}}
            for line in found["likert"]
        ]  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Answers to the ten questions")


def _diagnose(found: dict[str, Any]) -> None:
    if "gain" not in found:
        st.caption("No case was answered both times yet.")
        return
    gain, reliance = found["gain"], found["reliance"]
    _metrics(
        {
            "Without": found["unaided"],
            "With": found["aided"],
            "Change": gain,
            "Change in confidence": found["confidence_change"],
            "Time, with over without": found["time_ratio"],
            "Follows right advice": reliance["follows_right"],
            "Follows wrong advice": reliance["follows_wrong"],
        }
    )
    right = found["advice_right"]
    st.markdown(
        f"Effect of the model and its map: {_p(gain['p'])}. The model was right in "
        f"{right['value']:.0%} of {right['cases']} cases. “Follows” is the share of answers given "
        "up for the model's, of those where one was wrong and the other right."
    )
    left, right_ = st.columns(2)
    with left:
        lines = [("Without", found["unaided"]), ("With", found["aided"])]
        show(figures.before_after(lines), "diagnosis", "Accuracy without and with the model")
    with right_:
        lines = [(method_name(m), g) for m, g in found["gain_by_method"].items()]
        title = f"Change in accuracy by map (n = {gain['readers']} readers)"
        show(figures.dots(lines, title, "accuracy with − without", {"no effect": 0.0}),
             "gain", "Change by method")  # fmt: skip


_DRAWN = {
    TURING: ("Real or synthetic?", _turing),
    COMPARE: ("Which map explains better?", _compare),
    RATE: ("Ratings of explanations", _rate),
    CAUSABILITY: ("Human interpretability score", _causability),
    DIAGNOSE: ("Diagnosis without and with the model", _diagnose),
}
