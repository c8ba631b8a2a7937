"""Studies and answers, out to files and in again."""

import io
import json

import pandas as pd
import pytest

from core.readers import sessions, studies
from core.readers.database import StudyError
from core.readers.imports import add_csv, from_json
from core.readers.records import COLUMNS, frame, to_csv, to_json
from tests.readers.made import PNG, study
from tests.readers.test_sessions import finish, reply

SAME = [c for c in COLUMNS if c != "study"]


@pytest.fixture
def filled(db):
    opened = study(db)
    for years in (3, 20):
        finish(db, sessions.join(db, opened.code, "radiologist", years))
    half = sessions.join(db, opened.code, "medical student", 0)
    sessions.answer(db, half, 0, reply(sessions.where(db, half)))
    return opened


def test_json_gives_the_same_study_back(db, filled):
    content = json.loads(json.dumps(to_json(db, filled.code, pictures=True)))
    copy = from_json(db, content)
    assert copy.code != filled.code and copy.key != filled.key
    pd.testing.assert_frame_equal(frame(db, copy.code)[SAME], frame(db, filled.code)[SAME])
    assert sessions.picture(db, copy.code, "aa") == PNG
    token = sessions.reissue(db, copy.code, 3)  # the unfinished reader goes on in the copy
    assert sessions.where(db, token).done == 1
    finish(db, token)
    assert studies.overview(db, copy.code).readers[2]["done"] == 31


def test_without_pictures_no_image_leaves(db, filled):
    assert "pictures" not in to_json(db, filled.code)


def test_csv_adds_the_answers_to_a_study_of_the_same_cases(db, filled):
    text = to_csv(db, filled.code)
    other = study(db)
    assert add_csv(db, other.code, text) == 63
    pd.testing.assert_frame_equal(
        frame(db, other.code)[SAME], frame(db, filled.code)[SAME], check_dtype=False
    )
    assert add_csv(db, other.code, text) == 0  # reading it again adds nothing
    assert len(frame(db, other.code)) == 63


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.assign(case=999),
        lambda t: t.assign(choice="gradcam"),
        lambda t: t.assign(score=9),
        lambda t: t.assign(role="<script>"),
        lambda t: t.assign(simulated=True),  # a person's role
        lambda t: t.drop(columns="choice"),
    ],
)
def test_a_wrong_csv_row_stores_nothing(db, filled, change):
    table = pd.read_csv(io.StringIO(to_csv(db, filled.code)))
    other = study(db)
    with pytest.raises(StudyError):
        add_csv(db, other.code, change(table).to_csv(index=False))
    assert frame(db, other.code).empty


def test_a_file_of_another_kind_is_refused(db, filled):
    for content in ({}, [], {"format": 1}, {"format": 99}):
        with pytest.raises(StudyError):
            from_json(db, content)
    content = to_json(db, filled.code)
    content["readers"][0]["trials"][0]["case"] = 500
    before = studies.codes_of(db)
    with pytest.raises(StudyError, match="damaged"):
        from_json(db, content)
    assert studies.codes_of(db) == before


def test_simulated_readers_stay_labelled(db):
    opened = study(db)
    finish(db, sessions.join(db, opened.code, "simulated reader", 0, simulated=True))
    assert frame(db, opened.code)["simulated"].all()
    copy = from_json(db, to_json(db, opened.code))
    assert frame(db, copy.code)["simulated"].all()
    assert ",True,simulated reader," in to_csv(db, opened.code)
