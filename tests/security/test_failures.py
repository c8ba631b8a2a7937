"""A fault nobody foresaw: a number for the browser, the same number and the cause for the log."""

import re

from streamlit.testing.v1 import AppTest

from core.ui import failures


def page():
    import streamlit as st

    from core.ui import failures

    failures.watch()
    st.write("Before")
    raise ValueError("the patient is called Sentinel^Name")


def test_the_browser_gets_a_number_and_the_log_the_cause(caplog):
    app = AppTest.from_function(page, default_timeout=30).run()
    (shown,) = (e.value for e in app.error)
    number = re.search(r"\*\*([0-9a-f]{8})\*\*", shown)[1]
    assert "Sentinel" not in shown and "Traceback" not in shown
    assert [m.value for m in app.markdown] == ["Before"]
    (record,) = (r for r in caplog.records if r.name == failures.__name__)
    assert number in record.getMessage() and record.exc_info[0] is ValueError
    assert record.exc_text or record.exc_info[2] is not None


def test_every_fault_has_its_own_number(caplog):
    numbers = set()
    for _ in range(5):
        app = AppTest.from_function(page, default_timeout=30).run()
        numbers.add(app.error[0].value)
    assert len(numbers) == 5


def test_outside_a_session_nothing_is_watched():
    failures.watch()
    assert failures.TEXT.count("{number}") == 1
