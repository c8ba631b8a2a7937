"""An investigator's results: progress, live analysis, files, and the study's upkeep."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from core.readers import sessions, studies
from core.readers.analysis.report import report
from core.readers.imports import add_csv, from_json
from core.readers.records import frame, to_csv, to_json
from core.readers.studies import Overview
from core.ui import layout
from core.ui.readers import planning
from core.ui.readers.common import SIMULATED, database
from core.ui.readers.findings import findings
from core.ui.text import escape

EVERY = 15  # seconds between looks at new answers


def results() -> None:
    """The whole view."""
    key = st.session_state.get("_key", "")
    if not key:
        _unlock()
    else:
        with layout.said_plainly():
            code = studies.by_key(database(), key)
            _study(code)
            _upkeep(code)
        st.button("Close these results", on_click=lambda: st.session_state.pop("_key", None))
    with st.expander("How many readers and cases?"):
        planning.power_calculator()
    with st.expander("Do the intervals hold what they promise?"):
        planning.coverage_table()


def _unlock() -> None:
    with st.container(border=True):
        key = st.text_input("Investigator's key", key="typed_key", max_chars=30, type="password")
        if st.button("Open the results", type="primary"):
            with layout.said_plainly():
                studies.by_key(database(), key)
                st.session_state["_key"] = key
                st.rerun()
    with st.expander("Import a study that was exported (JSON)"):
        file = st.file_uploader("Study file", "json", key="import_study")
        if file and st.button("Import it"):
            with layout.said_plainly():
                st.session_state["_opened"] = from_json(database(), _json(file.getvalue()))
                st.success("Imported. Its code and key stand under “Set up”.")


def _json(data: bytes) -> dict:  # type: ignore[type-arg]
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError):
        return {}


@st.fragment(run_every=EVERY)
def _study(code: str) -> None:
    seen = studies.overview(database(), code)
    st.subheader(escape(seen.title), anchor=False)
    state = "closed to new readers" if seen.closed else "open"
    st.markdown(f"Code **{seen.code}**, {state}. " + (SIMULATED if seen.simulated else ""))
    kinds = {False: "People", True: "Simulated readers"}
    present = sorted({bool(r["simulated"]) for r in seen.readers}) or [seen.simulated]
    simulated = present[0]
    if len(present) > 1:
        simulated = st.segmented_control(
            "Whose answers", present, default=False, required=True, format_func=kinds.__getitem__
        )
    _progress(seen)
    found = report(frame(database(), code), bool(simulated))
    if simulated:
        st.warning(found["label"], icon=":material/smart_toy:")
    if not found["answers"]:
        st.info("No answer yet. This view looks again every 15 seconds.")
        return
    findings(found)
    st.caption(f"{found['answers']} answers of {found['readers']} readers.")
    _files(code, found)


def _progress(seen: Overview) -> None:
    if not seen.readers:
        return
    rows = [
        {
            "Reader": r["number"], "Role": r["role"], "Years": r["years"],
            "Progress": r["done"] / r["total"] if r["total"] else 0.0,
            "Answers": f"{r['done']} of {r['total']}", "Simulated": r["simulated"],
        }
        for r in seen.readers
    ]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=min(38 + 36 * len(rows), 260),
        column_config={"Progress": st.column_config.ProgressColumn(format="percent")},
        alt="Every reader's progress",
    )  # fmt: skip
    if seen.withdrawn:
        st.caption(f"{seen.withdrawn} readers had their answers deleted.")


def _files(code: str, found: dict) -> None:  # type: ignore[type-arg]
    from core.cli.output import plain

    mark = "SIMULATED_" if found["label"] else ""
    with st.container(horizontal=True):
        st.download_button(
            "Answers (CSV)", lambda: to_csv(database(), code), f"{mark}{code}.csv", "text/csv",
            on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Study without images (JSON)",
            lambda: json.dumps(plain(to_json(database(), code)), ensure_ascii=False),
            f"{mark}{code}.json", "application/json", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Analysis (JSON)", json.dumps(plain(found), indent=2, ensure_ascii=False),
            f"{mark}{code}_analysis.json", "application/json", on_click="ignore",
        )  # fmt: skip


def _upkeep(code: str) -> None:
    with st.expander("Upkeep: close, delete answers, replace a lost code, add answers from CSV"):
        seen = studies.overview(database(), code)
        closed = st.toggle("Closed to new readers", seen.closed, key=f"closed:{code}")
        if closed != seen.closed:
            studies.close(database(), code, closed)
            st.rerun()
        numbers = [r["number"] for r in seen.readers]
        who = st.selectbox("Reader", numbers, index=None, key="reader_number")
        with st.container(horizontal=True):
            if st.button("Delete all their answers", disabled=who is None):
                count = studies.delete_reader(database(), code, int(who or 0))
                st.success(f"Reader {who} and {count} answers are deleted.")
            if st.button("Give them a new code to go on", disabled=who is None):
                st.code(sessions.reissue(database(), code, int(who or 0)), language=None)
        table = st.file_uploader("Answers to the same cases", "csv", key="import_csv")
        if table and st.button("Add these answers"):
            text = table.getvalue().decode(errors="replace")
            st.success(f"{add_csv(database(), code, text)} answers added.")
        sure = st.checkbox("Delete the whole study with its images", key="sure")
        if st.button("Delete the study", disabled=not sure):
            studies.remove(database(), code)
            st.session_state.pop("_key", None)
            st.rerun()
