"""Faults nobody foresaw: the browser gets a number to quote, the log the same number and the rest.

Streamlit calls the handler for anything uncaught in a page, a callback or a fragment.
"""

from __future__ import annotations

import logging
import secrets

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

_log = logging.getLogger(__name__)

TEXT = (
    "Something went wrong here. Nothing that was done before is lost: change an input, or reload "
    "the page. Whoever runs this server finds the cause in its log under the number **{number}**."
)


def watch() -> None:
    """Let `report` handle what this session does not catch; called once per run of the app."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return
    context.on_script_error = report
    # fragments rerun without the app's script, in a context made from what the session holds
    if runtime.exists():
        manager = getattr(runtime.get_instance(), "_session_mgr", None)
        found = manager.get_session_info(context.session_id) if manager else None
        if found is not None:
            found.session._on_script_error = report
    logging.getLogger("streamlit.error_util").addFilter(_logged_here)


def report(error: Exception) -> bool:
    """Log an error under a number and show the number alone; True: nothing else is shown."""
    number = secrets.token_hex(4)
    _log.error("Error %s", number, exc_info=error)
    st.error(TEXT.format(number=number), icon=":material/error:")
    return True


def _logged_here(record: logging.LogRecord) -> bool:
    return record.getMessage() != "Uncaught app execution"
