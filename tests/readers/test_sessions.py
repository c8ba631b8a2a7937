"""A reader's way through a study."""

import pytest

from core.readers import codes, sessions, studies
from core.readers.database import StudyError
from core.readers.design import COMPARE, DIAGNOSE, TURING
from core.readers.records import frame
from core.readers.schema import Base
from tests.readers.made import PNG, drafts, reply, study


def finish(db, token):
    while (now := sessions.where(db, token)).position is not None:
        sessions.begin(db, token, now.position)
        sessions.answer(db, token, now.position, reply(now))


def test_from_joining_to_the_last_answer(db):
    opened = study(db)
    token = sessions.join(db, opened.code.lower().replace("-", " "), "radiologist", 12)
    now = sessions.where(db, token)
    assert (now.done, now.total, now.number) == (0, 8 + 6 + 6 + 3 + 2 * 4, 1)
    finish(db, token)
    now = sessions.where(db, token)
    assert now.position is None and now.done == now.total
    table = frame(db, opened.code)
    assert len(table) == now.total and set(table["role"]) == {"radiologist"}
    assert (table["seconds"] >= 0).all()


def test_an_answer_cannot_be_given_twice_or_out_of_turn(db):
    token = sessions.join(db, study(db).code, "other", 0)
    now = sessions.where(db, token)
    for position in (now.position + 1, now.position - 1):
        with pytest.raises(StudyError, match="already answered"):
            sessions.answer(db, token, position, reply(now))
    sessions.answer(db, token, now.position, reply(now))
    with pytest.raises(StudyError, match="cannot be changed"):
        sessions.answer(db, token, now.position, reply(now))
    assert sessions.where(db, token).position == now.position + 1


@pytest.mark.parametrize("given", [{}, {"score": 7}, {"score": "1"}, {"score": None}])
def test_an_incomplete_answer_is_not_saved(db, given):
    token = sessions.join(db, study(db, cases={TURING: 4}).code, "other", 0)
    with pytest.raises(StudyError, match="not complete"):
        sessions.answer(db, token, 0, given)
    assert sessions.where(db, token).done == 0


def test_an_interruption_voids_the_time_and_nothing_else(db):
    opened = study(db, cases={TURING: 4})
    token = sessions.join(db, opened.code, "other", 0)
    for views in (1, 2):
        now = sessions.where(db, token)
        for _ in range(views):
            sessions.begin(db, token, now.position)
        sessions.answer(db, token, now.position, reply(now))
    table = frame(db, opened.code)
    assert table["views"].tolist() == [1, 2]
    assert table["seconds"].notna().tolist() == [True, False]


def test_nothing_shown_tells_the_truth(db):
    token = sessions.join(db, study(db).code, "other", 0)
    seen = set()
    while (now := sessions.where(db, token)).position is not None:
        seen.add(now.task)
        allowed = {"pictures", "target"} | ({"advice", "advice_p"} if now.step else set())
        assert set(now.content) <= allowed
        if now.task == DIAGNOSE:
            assert ("map" in now.content["pictures"]) == bool(now.step)
        sessions.answer(db, token, now.position, reply(now))
    assert len(seen) == 5


def test_left_is_stored_as_the_method_that_stood_left(db):
    opened = study(db, cases={COMPARE: 12})
    token = sessions.join(db, opened.code, "other", 0)
    lefts = []
    while (now := sessions.where(db, token)).position is not None:
        lefts.append(now.content["pictures"]["first"])  # made-up pictures are named by method
        left = next(v for v, name in now.asked[0].options if name == "Left")
        sessions.answer(db, token, now.position, {"side": left})
    table = frame(db, opened.code)
    assert table["choice"].tolist() == lefts
    assert table["flipped"].sum() == 6


@pytest.mark.parametrize("role, years", [("astrologer", 3), ("radiologist", -1), ("other", 99)])
def test_only_a_role_and_years_are_taken(db, role, years):
    code = study(db).code
    with pytest.raises(StudyError, match="role of the list"):
        sessions.join(db, code, role, years)


def test_closed_unknown_and_simulated_studies_take_nobody(db):
    opened = study(db)
    studies.close(db, opened.code)
    with pytest.raises(StudyError, match="closed"):
        sessions.join(db, opened.code, "other", 1)
    studies.close(db, opened.code, False)
    assert sessions.join(db, opened.code, "other", 1)
    with pytest.raises(StudyError, match="no study"):
        sessions.join(db, "AAA-AAA", "other", 1)
    from tests.readers.made import design

    demo = studies.create(db, design(), drafts({TURING: 2}), simulated=True)
    with pytest.raises(StudyError, match="simulated readers only"):
        sessions.join(db, demo.code, "other", 1)


def test_numbers_are_never_given_twice(db):
    opened = study(db, cases={TURING: 2})
    tokens = [sessions.join(db, opened.code, "other", 1) for _ in range(3)]
    finish(db, tokens[2])
    assert studies.delete_reader(db, opened.code, 3) == 2
    assert studies.delete_reader(db, opened.code, 1) == 0
    with pytest.raises(StudyError, match="no reader 3"):
        studies.delete_reader(db, opened.code, 3)
    token = sessions.join(db, opened.code, "other", 1)
    assert sessions.where(db, token).number == 4
    found = studies.overview(db, opened.code)
    assert found.withdrawn == 2 and [r["number"] for r in found.readers] == [2, 4]
    assert frame(db, opened.code).empty


def test_a_lost_code_is_replaced(db):
    opened = study(db)
    old = sessions.join(db, opened.code, "other", 1)
    new = sessions.reissue(db, opened.code, 1)
    assert sessions.where(db, new).number == 1
    with pytest.raises(StudyError, match="not known"):
        sessions.where(db, old)


def test_the_key_opens_the_study_and_only_hashes_are_stored(db):
    opened = study(db)
    assert studies.by_key(db, opened.key.lower()) == opened.code
    with pytest.raises(StudyError, match="opens no study"):
        studies.by_key(db, opened.code)
    token = sessions.join(db, opened.code, "other", 1)
    with db.engine.connect() as connection:
        tables = Base.metadata.sorted_tables
        dump = str([connection.execute(table.select()).all() for table in tables])
    assert opened.key not in dump and token not in dump and codes.digest(token) in dump


def test_removing_a_study_leaves_no_row(db):
    opened, other = study(db), study(db)
    finish(db, sessions.join(db, opened.code, "other", 1))
    assert sessions.picture(db, opened.code, "aa") == PNG
    studies.remove(db, opened.code)
    assert studies.codes_of(db) == [other.code]
    with db.engine.connect() as connection:
        for table in ("answer", "trial", "reader"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
