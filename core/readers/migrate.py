"""Schema revisions by Alembic, run from within the app: nobody has to remember a command."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_205_111  # any fixed number: PostgreSQL's advisory lock against two servers at once


def scripts() -> ScriptDirectory:
    """The revisions, oldest last."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def head() -> str:
    """Name of the newest revision."""
    found = scripts().get_current_head()
    assert found is not None
    return found


def upgrade(engine: Engine, to: str = "head") -> str:
    """Apply the revisions that a database lacks, in one transaction, and return where it stands.

    Two servers may start at once: the second waits for the first and finds nothing to do.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        return _apply(connection, to)


def revision(engine: Engine) -> str | None:
    """The revision a database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _apply(connection: Connection, to: str) -> str:
    directory = scripts()

    def wanted(current: tuple[str, ...] | str, context: MigrationContext) -> list:  # type: ignore[type-arg]
        return directory._upgrade_revs(to, current)  # type: ignore[arg-type]

    context = MigrationContext.configure(
        connection, opts={"fn": wanted, "transactional_ddl": True, "render_as_batch": True}
    )
    with Operations.context(context):
        context.run_migrations()
    return str(MigrationContext.configure(connection).get_current_revision())
