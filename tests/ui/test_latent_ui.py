"""Parts of the latent page that need no running app."""

import numpy as np
import pytest

from core.services.landscape import Landscape
from core.services.latent import Handle
from core.ui import live
from core.ui.changes import Answers, compared
from core.ui.films import sentences
from core.ui.landscape import figure, opened
from core.ui.pictures import difference
from core.ui.sensitive import overlay


def test_the_difference_is_darkest_where_nothing_changed():
    start = np.full((8, 8, 1), 100, np.uint8)
    edited = start.copy()
    edited[2, 3] = 20
    found = difference(start, edited).astype(int).sum(2)
    assert np.unravel_index(found.argmax(), found.shape) == (2, 3)
    assert len(np.unique(difference(start, start))) <= 3


@pytest.mark.parametrize("channels", [1, 3])
def test_an_overlay_leaves_what_does_not_react(channels):
    pixels = np.full((8, 8, channels), 90, np.uint8)
    values = np.zeros((8, 8))
    values[4, 4] = 1.0
    found = overlay(pixels, values)
    assert (found[0, 0] == 90).all() and not (found[4, 4] == 90).all()


def test_changes_too_small_to_read_show_none():
    rows = compared(Answers({"a": 0.5, "b": 0.1}, ""), Answers({"a": 0.5001, "b": 0.3}, ""))
    assert rows == [["a", "0.500", "0.500", "–"], ["b", "0.100", "0.300", "+0.200"]]


def test_sliders_begin_with_directions_that_do_something():
    found = [Handle(n, f"{n}: {e}", None) for n, e in (
        ("a", "no clear effect"), ("b", "more texture"), ("c", "no clear effect"),
        ("d", "less contrast"), ("e", "no clear effect"),
    )]  # fmt: skip
    assert live.best(found) == ["b", "d", "a", "c"]


def test_a_film_says_how_direct_it_is_and_how_near_an_upload():
    from core.services.film import Film

    film = Film(np.zeros((2, 4, 4, 1), np.uint8), "w", 3.0, 2.0, (None, 0.04))
    first, second = sentences(film)
    assert "1.50 times" in first
    assert "last image" in second and "4.0%" in second
    assert sentences(Film(film.frames, "w", None, None, (None, None))) == []


POINTS = {"normal": [[0.0, 0.0], [1.0, 1.0]], "viral": [[2.0, 2.0]]}
REAL = {"x": [0.0, 1.0], "y": [0.0, 1.0], "count": [[3, 0], [1, 2]],
        "uncovered": [[0.5, None], [1.0, 0.0]]}  # fmt: skip


@pytest.mark.parametrize("gaps", [True, False])
def test_the_map_holds_classes_over_real_images(gaps):
    from core import domains

    found = figure(Landscape(POINTS, (0.4, 0.2), REAL, {}), domains.get("chest_xray"), gaps)
    assert [t.type for t in found.data] == ["heatmap", "scatter", "scatter"]
    assert found.data[0].zmax == (1 if gaps else None)
    assert tuple(found.data[1].customdata[1]) == ("normal", 1)


def test_a_click_names_class_and_seed():
    event = {"selection": {"points": [{"customdata": ["viral", 5]}]}}
    assert opened(event) == ("viral", 5)
    for nothing in (None, {}, {"selection": {"points": []}}, {"selection": {"points": [{}]}}):
        assert opened(nothing) is None
