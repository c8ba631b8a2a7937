import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ui.edits import MOST_STEPS, Edit


def moved(edit, settled=True, **values):
    values = {k.replace("_", "-"): v for k, v in values.items()}
    edit.take({"seq": edit.seq + 1, "values": values, "settled": settled})
    return edit


def test_a_drag_is_one_step():
    edit = Edit()
    for amount in (0.1, 0.5, 1.2):
        moved(edit, settled=False, pca_1=amount)
        assert edit.live and not edit.can_undo
    moved(edit, pca_1=1.2)
    assert not edit.live and edit.steps == [{}, {"pca-1": 1.2}]


def test_undo_redo_and_reset():
    edit = moved(moved(Edit(), a=1.0), a=1.0, b=-2.0)
    edit.undo()
    assert edit.values == {"a": 1.0} and edit.can_redo
    edit.undo()
    edit.undo()  # nothing before the start
    assert edit.values == {} and not edit.can_undo
    edit.redo()
    edit.redo()
    assert edit.values == {"a": 1.0, "b": -2.0} and not edit.can_redo
    version = edit.version
    edit.reset()
    assert edit.values == {} and edit.can_undo and edit.version > version
    edit.undo()
    assert edit.values == {"a": 1.0, "b": -2.0}


def test_a_new_move_after_undo_drops_what_was_undone():
    edit = moved(moved(Edit(), a=1.0), a=2.0)
    edit.undo()
    moved(edit, a=3.0)
    assert edit.steps == [{}, {"a": 1.0}, {"a": 3.0}] and not edit.can_redo


def test_jumping_is_a_step_of_its_own():
    edit = moved(moved(Edit(), a=1.0), a=2.0)
    edit.jump(1)
    assert edit.values == {"a": 1.0} and edit.at == 3
    edit.jump(99)
    assert edit.at == 3


def test_old_requests_never_overwrite_newer_ones():
    edit = Edit()
    edit.take({"seq": 5, "values": {"a": 2.0}, "settled": True})
    edit.take({"seq": 4, "values": {"a": 1.0}, "settled": True})
    edit.take(None)
    assert edit.values == {"a": 2.0} and edit.seq == 5


def test_sliders_at_rest_are_no_edit():
    assert moved(Edit(), a=0.0).steps == [{}]


def test_the_history_is_bounded_and_keeps_the_start():
    edit = Edit()
    for step in range(1, 2 * MOST_STEPS):
        moved(edit, a=step / 10)
    assert len(edit.steps) == MOST_STEPS and edit.steps[0] == {}
    assert edit.values == edit.steps[-1]


amounts = st.integers(-30, 30).map(lambda i: i / 10)
ids = st.from_regex(r"[a-z]{1,8}-[1-9]", fullmatch=True)


@given(st.dictionaries(ids, amounts, max_size=8))
def test_the_url_holds_every_value_exactly(values):
    edit = Edit()
    edit.take({"seq": 1, "values": values, "settled": True})
    again = Edit.from_text(edit.to_text())
    assert again.values == edit.values
    assert list(again.values) == list(edit.values)  # the order of adding is the same, to the bit


@pytest.mark.parametrize("text", ["", "pca-1", "pca-1:x", ":2", "a:1:b", ",,", "a:nan", "a:inf"])
def test_a_broken_url_is_the_start(text):
    assert Edit.from_text(text).values == {}


def test_the_url_cannot_leave_the_sliders():
    assert Edit.from_text("a:99,b:-4").values == {"a": 3.0, "b": -3.0}


def test_restarting_forgets():
    edit = moved(Edit(), a=1.0)
    edit.restart()
    assert edit.steps == [{}] and not edit.can_undo and edit.values == {}
