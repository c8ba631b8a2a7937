"""Studies, pictures, cases, readers, trials and answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first version."""
    op.create_table(
        "study",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("design", sa.JSON, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("closed", sa.DateTime),
        sa.UniqueConstraint("code", name="uq_study_code"),
    )
    op.create_table(
        "picture",
        _of("study", primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("png", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "case",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("study"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("task", sa.String(16), nullable=False),
        sa.Column("domain", sa.String(64), nullable=False),
        sa.Column("truth", sa.String(64), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.UniqueConstraint("study_id", "number", name="uq_case_study_id"),
    )
    op.create_table(
        "reader",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("study"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("years", sa.Integer, nullable=False),
        sa.Column("simulated", sa.Boolean, nullable=False),
        sa.Column("joined", sa.DateTime, nullable=False),
        sa.UniqueConstraint("study_id", "number", name="uq_reader_study_id"),
        sa.UniqueConstraint("token_hash", name="uq_reader_token_hash"),
    )
    _progress()


def _of(table: str, primary_key: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey(f"{table}.id", name=None, ondelete="CASCADE")
    return sa.Column(f"{table}_id", sa.Integer, key, nullable=False, primary_key=primary_key)


def _progress() -> None:
    op.create_table(
        "trial",
        _of("reader", primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        _of("case"),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("flipped", sa.Boolean, nullable=False),
        sa.Column("shown", sa.DateTime),
        sa.Column("views", sa.Integer, nullable=False),
    )
    op.create_table(
        "answer",
        sa.Column("reader_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("choice", sa.String(64), nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("ratings", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Double),
        sa.Column("answered", sa.DateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id", "position"],
            ["trial.reader_id", "trial.position"],
            name="fk_answer_reader_id",
            ondelete="CASCADE",
        ),
    )
