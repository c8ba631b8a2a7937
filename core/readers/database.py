"""Where answers are kept: SQLite in a file by default, any SQLAlchemy URL by `SYNTHLENS_DB`."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from core.errors import SynthLensError

DEFAULT = Path(__file__).parents[2] / "runs" / "readers.sqlite"
WAIT = 30  # seconds that a writer waits for others on SQLite, which has one writer at a time


class StudyError(SynthLensError):
    """Something about a study that its reader or investigator should know."""


class Database:
    """One database of studies, brought to the newest schema when first used.

    Args:
        url: SQLAlchemy URL; `SYNTHLENS_DB`, else `runs/readers.sqlite` beside the app.

    Raises:
        StudyError: the URL means nothing, or the database cannot be reached.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = url or os.environ.get("SYNTHLENS_DB") or f"sqlite:///{DEFAULT}"
        self.engine = _engine(self.url)
        self._ready = False
        self._guard = threading.Lock()

    def migrate(self) -> str:
        """Bring the schema to the newest revision and return its name."""
        from core.readers.migrate import upgrade

        with self._guard:
            try:
                revision = upgrade(self.engine)
            except OperationalError as error:
                raise StudyError(f"The study database {self.shown} cannot be opened.") from error
            self._ready = True
        return revision

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end of the block, undone where it raises."""
        if not self._ready:
            self.migrate()
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise StudyError(
                f"The study database {self.shown} did not answer; nothing of this step was saved. "
                "Try again."
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A view of one moment, which never keeps writers waiting."""
        if not self._ready:
            self.migrate()
        try:
            with Session(self.engine.execution_options(read_only=True)) as session:
                yield session
        except OperationalError as error:
            raise StudyError(f"The study database {self.shown} did not answer.") from error

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return str(self.engine.url.render_as_string(hide_password=True))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=30)
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": WAIT})
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StudyError(
            "SYNTHLENS_DB is no usable database URL; write it as in sqlite:///studies.sqlite or "
            "postgresql+psycopg://user@host/name, and install the driver it names."
        ) from error
    except (OSError, SQLAlchemyError) as error:
        raise StudyError("The folder of the study database cannot be written to.") from error
    event.listen(engine, "connect", _settings)
    event.listen(engine, "begin", _begin)
    return engine


def _settings(connection: Any, _: Any) -> None:
    """Write-ahead log, every commit on disk, foreign keys; transactions are begun by `_begin`."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={WAIT * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer later could be refused."""
    reads = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
