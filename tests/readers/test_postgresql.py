"""Studies on PostgreSQL. With SYNTHLENS_TEST_DB every other test of this folder runs there too."""

import os

import pytest
from sqlalchemy import make_url, text

from core.readers import sessions
from core.readers.database import Database, StudyError
from core.readers.design import TURING
from core.readers.imports import from_json
from core.readers.records import frame, to_json
from tests.readers.made import reply, study

SERVER = os.environ.get("SYNTHLENS_TEST_DB", "")

pytestmark = pytest.mark.skipif(
    not SERVER.startswith("postgresql"),
    reason="needs SYNTHLENS_TEST_DB=postgresql+psycopg://… (docs/deployment.md)",
)


def answered(db, opened):
    token = sessions.join(db, opened.code, "radiologist", 5)
    while (now := sessions.where(db, token)).position is not None:
        sessions.begin(db, token, now.position)
        sessions.answer(db, token, now.position, reply(now))
    return token


def test_the_tests_of_this_folder_run_there(db):
    db.migrate()
    assert db.engine.dialect.name == "postgresql"
    with db.reading() as session:
        assert session.execute(text("SELECT current_schema()")).scalar().startswith("test_")


def test_a_study_moves_from_sqlite_and_back_unchanged(db, tmp_path):
    first = Database(f"sqlite:///{tmp_path}/first.sqlite")
    opened = study(first)
    answered(first, opened)
    there = from_json(db, to_json(first, opened.code, pictures=True))
    back = from_json(first, to_json(db, there.code, pictures=True))
    tables = [frame(d, o.code) for d, o in ((first, opened), (db, there), (first, back))]
    for table in tables[1:]:
        assert table.drop(columns="study").equals(tables[0].drop(columns="study"))


def test_a_cut_connection_loses_nothing_that_was_committed(db):
    opened = study(db, cases={TURING: 6})
    token = sessions.join(db, opened.code, "radiologist", 5)
    sessions.answer(db, token, 0, {"score": 4})
    with pytest.raises(StudyError, match="nothing of this step"), db.session() as session:
        session.execute(text("UPDATE answer SET score = 1"))
        own = session.execute(text("SELECT pg_backend_pid()")).scalar()
        with Database(SERVER).engine.begin() as other:
            other.execute(text(f"SELECT pg_terminate_backend({int(own)})"))
        session.execute(text("SELECT 1"))
    assert frame(db, opened.code)["score"].tolist() == [4]
    sessions.answer(db, token, 1, {"score": 5})
    assert frame(db, opened.code)["score"].tolist() == [4, 5]


def test_an_unreachable_server_is_one_sentence_without_the_password():
    url = make_url(SERVER).set(port=1, password="hidden-word")  # pragma: allowlist secret
    with pytest.raises(StudyError, match="cannot be opened") as told:
        Database(url.render_as_string(hide_password=False)).migrate()
    assert "hidden-word" not in str(told.value)
