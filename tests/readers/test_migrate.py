"""Schema revisions: a database of any age ends at the tables that the code declares."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from core.readers import migrate
from core.readers.database import Database, StudyError
from core.readers.schema import Base

REVISIONS = [revision.revision for revision in migrate.scripts().walk_revisions()][::-1]


@pytest.fixture
def database(db):
    return db


def differences(engine):
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_a_new_database_has_the_declared_tables(database):
    assert migrate.revision(database.engine) is None
    assert database.migrate() == migrate.head() == REVISIONS[-1]
    assert differences(database.engine) == []
    assert database.migrate() == REVISIONS[-1]  # nothing left to do


@pytest.mark.parametrize("start", REVISIONS[:-1])
def test_an_old_database_keeps_its_rows(database, start):
    migrate.upgrade(database.engine, start)
    assert migrate.revision(database.engine) == start and differences(database.engine)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO study (code, key_hash, title, design, simulated, created) "
                "VALUES ('OLD-1', 'x', 'From before', '{}', false, '2026-01-01')"
            )
        )
    database.migrate()
    assert differences(database.engine) == []
    with database.reading() as session:
        row = session.execute(text("SELECT code, title, withdrawn FROM study")).one()
    assert tuple(row) == ("OLD-1", "From before", 0)


def test_many_servers_may_start_at_once(url):
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(Database(url).migrate())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [REVISIONS[-1]] * 8


def test_sqlite_is_set_for_many_writers(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/studies.sqlite")
    database.migrate()
    with database.engine.connect() as connection:
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


@pytest.mark.parametrize("url", ["nonsense", "oracle9+none://x/y", "sqlite:////proc/none/x.db"])
def test_a_useless_url_is_one_sentence(url):
    with pytest.raises(StudyError) as told:
        Database(url).migrate()
    assert str(told.value).endswith(".") and "Traceback" not in str(told.value)


def test_the_url_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHLENS_DB", f"sqlite:///{tmp_path}/other.sqlite")
    Database().migrate()
    assert (tmp_path / "other.sqlite").exists()
    shown = Database("postgresql+psycopg://me:secret@host/db").shown if _driver() else "***"
    assert "secret" not in shown


def _driver() -> bool:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return False
    return True
