"""Words and numbers for people."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ui import text


@given(st.text(max_size=300))
def test_a_safe_name_carries_no_markup_and_is_short(name):
    safe = text.safe_name(name)
    plain = safe.replace("\\", "")
    assert safe and len(plain) <= 48 + 1
    for mark in "<[`*_":
        at = [i for i, c in enumerate(safe) if c == mark]
        assert all(safe[i - 1] == "\\" for i in at)


def test_a_long_name_keeps_its_ending():
    assert text.safe_name("a" * 90 + ".png").endswith("aaaaaaaa\\.png")


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@x"])
def test_a_csv_cell_never_starts_a_formula(name):
    assert text.cell(name) == "'" + name


def test_an_ordinary_csv_cell_is_kept():
    assert text.cell("scan.png") == "scan.png"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.500"),
        ({"value": 0.91, "ci": [0.88, 0.93]}, "0.910 (0.880 to 0.930)"),
        ({"mean": 0.012, "sd": 0.002}, "0.012 ± 0.002"),
        ({"rate": 0.02, "ci": [0.01, 0.03], "k": 2, "n": 100}, "0.020 (0.010 to 0.030)"),
        ({"value": 0.5, "low": 0.4, "high": 0.6}, "0.500 (0.400 to 0.600)"),
        (12345, "12,345"),
        (8, "8"),
        ("text", None),
        ({"labels": 3}, None),
        (True, None),
    ],
)
def test_a_figure_is_shown_with_its_uncertainty(value, shown):
    assert text.measured(value) == shown


def test_tiny_and_impossible_numbers():
    assert text.number(0.00001) == "1.0e-05"
    assert text.number(math.nan) == "–"
    assert text.number(0.0) == "0.000"


@pytest.mark.parametrize(("n", "shown"), [(12, "12 B"), (3400, "3.4 kB"), (5.6e6, "5.6 MB")])
def test_sizes(n, shown):
    assert text.size(n) == shown


def test_durations():
    assert text.duration(90 * 60) == "1 h 30 min"
    assert text.duration(120) == "2 min"


def test_labels_of_marked_words_are_opaque_enough_to_read():
    from annotated_text import util

    from core.ui import marked

    assert marked.parameters is util.p and util.p.LABEL_OPACITY >= 0.9
