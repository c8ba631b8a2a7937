"""Reader study: people judge images and maps, and the app says how well, with intervals."""

import streamlit as st

from core.ui import layout, state
from core.ui.readers import results, set_up, take_part
from core.ui.readers.common import VIEWS

domain = state.domain()
state.registry()  # a deep link into a fresh server starts over through the app
reading = bool(st.query_params.get("reader"))
if not reading:
    layout.header(
        "Reader study",
        "What people see in real and synthetic images, and what they make of explanations.",
    )
    view = st.segmented_control(
        "View", list(VIEWS), default="part", required=True, key="view",
        format_func=VIEWS.__getitem__, bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
if reading or view == "part":
    take_part.take_part()
elif view == "setup":
    set_up.set_up()
else:
    results.results()
if not reading:
    layout.caveats(domain)
