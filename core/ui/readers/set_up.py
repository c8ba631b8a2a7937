"""An investigator's side: choose tasks, domains, generators and maps, give real images, start."""

from __future__ import annotations

import streamlit as st

from core import domains
from core.explain.service import available_methods, explainable_models
from core.readers import studies
from core.readers.design import COMPARE, CONTROLS, DIAGNOSE, RATE, TASKS, TELL, TURING, Design
from core.readers.fill import demo
from core.readers.material import Real, build
from core.ui import controls, layout, state, uploads
from core.ui.readers.common import database, method_name

DEFAULTS = {TURING: 20, COMPARE: 0, RATE: 0, DIAGNOSE: 0}
NEEDS = {
    TURING: "Half are your real images, half are drawn by our generators.",
    COMPARE: "Two maps of one answer side by side, methods hidden, sides balanced.",
    RATE: "Usefulness, plausibility and trust; ten questions on each method at the end.",
    DIAGNOSE: "The same case twice: alone, then with the model's answer and a map.",
}
STORED = (
    "Your images are stored in the study's database, re-encoded like the synthetic ones and "
    "without file names, until you delete the study. Give only images that readers may see."
)


def set_up() -> None:
    """The whole view."""
    if opened := st.session_state.get("_opened"):
        _opened(opened)
        return
    title = st.text_input("Title, shown to readers", "Reader study", key="title", max_chars=200)
    names = {d.id: d.name for d in domains.all_domains()}
    chosen = st.multiselect(
        "Domains", list(names), [state.domain().id], key="domains", format_func=names.__getitem__
    )
    cases = _tasks()
    drawn = [c for d in chosen for c in state.cards("generator", d)]
    titles = {c.id: f"{c.title} ({names.get(c.domain, c.domain)})" for c in drawn}
    left, right = st.columns(2, gap="large")
    with left:
        generators = st.multiselect(
            "Generators", list(titles), key="generators", format_func=titles.__getitem__,
            placeholder="Each domain's best",
        )  # fmt: skip
        seed = st.number_input("Seed", 0, controls.MAX_SEED, 1, key="study_seed")
        tell = st.multiselect(
            "Readers are told", list(TELL), key="tell", format_func=TELL.__getitem__,
            placeholder="Nothing: fully blinded",
        )  # fmt: skip
    with right:
        methods = _methods(chosen)
        control = st.multiselect(
            "Control maps", CONTROLS, ["random"], key="controls", format_func=method_name,
            help="Maps that know nothing of the model; a method should beat them.",
        )  # fmt: skip
    reals = {d: _reals(d) for d in chosen}
    st.caption(f":material/lock: {STORED}")
    if st.button("Make the study", type="primary", key="make"):
        with layout.said_plainly():
            design = Design(
                title, tuple(chosen), {t: n for t, n in cases.items() if n}, tuple(generators), {},
                tuple(methods), tuple(control), int(seed), tuple(tell),
            )  # fmt: skip
            _make(design, reals)
    with st.expander("Or see it filled: a demonstration with simulated readers"):
        _demo()


def _tasks() -> dict[str, int]:
    found = {}
    for column, (task, name) in zip(
        st.columns(len(TASKS), vertical_alignment="bottom"), TASKS.items()
    ):
        found[task] = int(
            column.number_input(name, 0, 200, DEFAULTS[task], key=f"n:{task}", help=NEEDS[task])
        )
    st.caption("Numbers of cases; 0 leaves a task out.")
    return found


def _methods(chosen: list[str]) -> list[str]:
    registry = state.registry()
    known = [m for d in chosen for m in explainable_models(registry, d)]
    classifiers = [m for m in known if registry.card(m).task == "classifier"]
    if not classifiers:
        st.caption("No classifier in these domains: maps cannot be compared or rated.")
        return []
    names = list(available_methods(registry, classifiers[0]))
    return st.multiselect(
        "Explanation methods", names, [m for m in ("gradcam", "ig", "shap") if m in names],
        key="study_methods", format_func=method_name,
    )  # fmt: skip


def _reals(domain_id: str) -> list[Real]:
    domain = domains.get(domain_id)
    kinds = {"": "Class not known", **{c.id: c.name for c in domain.classes}}
    st.markdown(f"**Your real images: {domain.name}**")
    found = []
    for tab, (class_id, name) in zip(st.tabs(list(kinds.values())), kinds.items()):
        with tab:
            files = uploads.pick_many(f"{domain.name}: {name}", f"real:{domain_id}:{class_id}")
        for upload in files:
            image = uploads.decode(upload)
            if image is not None:
                found.append(Real(image.pixels, class_id))
    return found


def _make(design: Design, reals: dict[str, list[Real]]) -> None:
    bar = st.progress(0.0, "Starting")

    def report(share: float, what: str) -> None:
        bar.progress(min(share, 1.0), what)

    found = build(state.registry(), design, reals, report)
    opened = studies.create(database(), design, found.drafts, found.pictures)
    bar.empty()
    st.session_state["_opened"] = opened
    st.rerun()


def _demo() -> None:
    st.markdown(
        "Readers of known skill answer made-up cases. Everything that comes of it is marked as "
        "simulated, and no figure of it says anything about people."
    )
    if st.button("Make a demonstration", key="demo"):
        bar = st.progress(0.0, "Simulated readers answer")

        def report(done: int, total: int) -> None:
            bar.progress(done / total, f"Simulated reader {done} of {total}")

        with layout.said_plainly():
            opened = demo(database(), state.domain().id, 8, progress=report)
            st.session_state["_opened"] = opened
            st.rerun()


def _opened(opened: studies.Opened) -> None:
    with st.container(border=True):
        st.markdown("#### The study is open")
        st.markdown("Readers join with this code:")
        st.code(opened.code, language=None)
        st.markdown("Your key to the results. It is shown this once; keep it:")
        st.code(opened.key, language=None)
        with st.container(horizontal=True):
            st.button("See the results", type="primary", on_click=_to_results, args=(opened.key,))
            st.button("Set up another", on_click=lambda: st.session_state.pop("_opened"))


def _to_results(key: str) -> None:
    st.session_state["_key"] = key
    st.session_state["view"] = "results"
