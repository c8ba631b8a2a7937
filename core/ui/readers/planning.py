"""Before a study: how large it has to be, and how far its intervals can be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.readers.power import KINDS, Assumptions, smallest, table
from core.ui import layout
from core.ui.figures import readers as figures
from core.ui.figures.frame import show
from core.ui.text import measured

COVERAGE = Path(__file__).parents[3] / "benchmarks" / "reader_coverage.json"
READERS = (3, 5, 8, 12, 20)
CASES = tuple(range(10, 201, 10))


def power_calculator() -> None:
    """Effect and assumptions in, smallest designs and power curves out."""
    kind = st.selectbox("Effect to find", list(KINDS), key="kind", format_func=KINDS.__getitem__)
    first, second, third, fourth = st.columns(4)
    effect = first.number_input("Difference in accuracy", 0.01, 0.5, 0.10, 0.01, key="effect")
    reader_sd = second.number_input(
        "Deviation between readers", 0.0, 0.3, 0.06, 0.01, key="reader_sd",
        help="Of their true accuracies (or changes). Analysis of a pilot shows it.",
    )  # fmt: skip
    shared = third.number_input(
        "Correlation on a case", 0.0, 1.0, 0.15, 0.05, key="shared",
        help="How far the same images mislead everyone.",
    )  # fmt: skip
    changed = fourth.number_input(
        "Share of answers that change", 0.01, 1.0, 0.2, 0.05, key="changed",
        disabled=kind != "gain",
    )  # fmt: skip
    wanted = st.slider("Power to reach", 0.5, 0.99, 0.8, 0.01, key="wanted")
    with layout.said_plainly():
        assumed = Assumptions(kind, float(effect), 0.5, float(reader_sd), float(shared),
                              float(changed))  # fmt: skip
        designs = smallest(assumed, wanted)
        if designs:
            best = min(designs, key=lambda d: d["readers"] * d["cases"])
            st.markdown(
                f"Fewest answers: **{best['readers']} readers × {best['cases']} cases**; fewest "
                f"readers: **{designs[0]['readers']}** with {designs[0]['cases']} cases."
            )
        else:
            st.markdown("No design up to 60 readers and 500 cases reaches this power.")
        show(figures.power(table(assumed, READERS, CASES), wanted), "power", "Power curves")
    st.caption(
        "Power of the multi-reader multi-case t test at 5 %, two-sided (Hillis, Obuchowski & "
        "Berbaum 2011), for the assumptions above."
    )


def coverage_table() -> None:
    """What `python -m core readers coverage` measured."""
    if not COVERAGE.exists():
        st.caption("Not measured yet: python -m core readers coverage --out …")
        return
    found: dict[str, Any] = json.loads(COVERAGE.read_text())
    rows: dict[str, dict[str, Any]] = {}
    for setting in found["settings"]:
        column = f"{setting['readers']} readers × {setting['cases']} cases"
        for name, figure in setting["figures"].items():
            shown = measured({"value": figure["covered"], "ci": figure["ci"]})
            rows.setdefault(name, {"Figure": name.replace("_", " ")})[column] = shown
    st.dataframe(pd.DataFrame(rows.values()), hide_index=True, alt="Coverage of intervals")
    st.caption(
        f"Share of {found['repetitions']} SIMULATED studies per column whose 95 % interval holds "
        "the true value, with the 95 % interval of that share. "
        "`python -m core readers coverage --out benchmarks/reader_coverage.json`"
    )
