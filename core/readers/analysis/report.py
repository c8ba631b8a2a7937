"""Everything a study says so far, in one dictionary: what page, command and export show."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.readers.analysis.agreement import agreement
from core.readers.analysis.detection import detection, reader_lines
from core.readers.analysis.diagnosis import diagnosis
from core.readers.analysis.preference import bradley_terry
from core.readers.analysis.ratings import interpretability, likert
from core.readers.analysis.times import times
from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, TURING

LABEL = "SIMULATED readers: these figures are of a program, not of people."


def report(table: pd.DataFrame, simulated: bool = False) -> dict[str, Any]:
    """Analyse the answers of people, or those of simulated readers; never both together.

    Args:
        table: from `core.readers.records.frame`.
        simulated: which of the two.

    Returns:
        "label" (empty for people), "answers", "readers", and one entry per task with answers.
    """
    rows = table[table["simulated"].astype(bool) == simulated]
    found: dict[str, Any] = {
        "label": LABEL if simulated else "",
        "answers": len(rows),
        "readers": int(rows["reader"].nunique()),
    }
    parts = {task: rows[rows["task"] == task] for task in rows["task"].unique()}
    if TURING in parts:
        own = parts[TURING]
        found[TURING] = {
            **detection(own), "readers": reader_lines(own), "agreement": agreement(own),
            "times": times(own),
        }  # fmt: skip
    if COMPARE in parts:
        found[COMPARE] = bradley_terry(parts[COMPARE]) | {"times": times(parts[COMPARE])}
    if RATE in parts:
        found[RATE] = {"likert": likert(parts[RATE]), "times": times(parts[RATE])}
    if CAUSABILITY in parts:
        own = parts[CAUSABILITY]
        found[CAUSABILITY] = {"scores": interpretability(own), "likert": likert(own)}
    if DIAGNOSE in parts:
        own = parts[DIAGNOSE]
        by_step = {step: own[own["step"] == step] for step in (0, 1)}
        found[DIAGNOSE] = diagnosis(own) | {
            "agreement": agreement(by_step[0]) if len(by_step[0]) else {},
            "times": [times(by_step[step]) for step in (0, 1)],
        }
    return found
