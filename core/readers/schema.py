"""The tables of a reader study. A change here needs a new file in `migrations/versions`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """The time in UTC, without a zone, as every database stores it alike."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """Constraint names are fixed, so that migrations can name them on every database."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dict[str, Any]: JSON, bytes: LargeBinary, datetime: DateTime()}  # noqa: RUF012


class Study(Base):
    """One study: how it was set up, and the code that readers join with.

    Attributes:
        code: what readers type to join.
        key_hash: sha256 of the investigator's key; the key itself is not stored.
        design: settings as `Design.to_dict` gives them.
        simulated: made for simulated readers: its cases hold no images.
        withdrawn: readers whose answers were deleted on request.
    """

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    design: Mapped[dict[str, Any]]
    simulated: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=now)
    closed: Mapped[datetime | None] = mapped_column(default=None)
    withdrawn: Mapped[int] = mapped_column(default=0, server_default="0")


class Picture(Base):
    """One image as readers see it: a PNG without a name or metadata, once per study."""

    __tablename__ = "picture"
    study_id: Mapped[int] = mapped_column(
        ForeignKey("study.id", ondelete="CASCADE"), primary_key=True
    )
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    png: Mapped[bytes]


class Case(Base):
    """One thing to judge.

    Attributes:
        number: from 0, in the order of set-up, which no reader sees.
        task: one of `core.readers.design.TASKS`.
        truth: "real" or "synthetic", a class, or "" where there is none.
        content: pictures by role (sha256), the methods compared, the model's advice, the
            detector's probability, where the image came from.
    """

    __tablename__ = "case"
    __table_args__ = (UniqueConstraint("study_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    number: Mapped[int]
    task: Mapped[str] = mapped_column(String(16))
    domain: Mapped[str] = mapped_column(String(64))
    truth: Mapped[str] = mapped_column(String(64), default="")
    content: Mapped[dict[str, Any]]


class Reader(Base):
    """Someone who answers: a role and years of experience, nothing else about the person.

    Attributes:
        number: from 1 within the study, in order of joining; numbers are not given twice.
        token_hash: sha256 of the code to go on with; the code itself is not stored.
        simulated: a program answered, no person.
    """

    __tablename__ = "reader"
    __table_args__ = (UniqueConstraint("study_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    number: Mapped[int]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    years: Mapped[int]
    simulated: Mapped[bool] = mapped_column(default=False)
    joined: Mapped[datetime] = mapped_column(default=now)


class Trial(Base):
    """One case at one place of one reader's order.

    Attributes:
        step: 0, or 1 for the second look at a case to diagnose (with the model's advice).
        flipped: the pair is shown the other way round.
        shown: when it was last shown.
        views: how often it was started: more than 1 means that the reader was interrupted.
    """

    __tablename__ = "trial"
    reader_id: Mapped[int] = mapped_column(
        ForeignKey("reader.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id", ondelete="CASCADE"))
    step: Mapped[int] = mapped_column(default=0)
    flipped: Mapped[bool] = mapped_column(default=False)
    shown: Mapped[datetime | None] = mapped_column(default=None)
    views: Mapped[int] = mapped_column(default=0)


class Answer(Base):
    """What a reader said; written once and never changed.

    Attributes:
        choice: the answer: "real", "synthetic", a method, a class; "" for ratings.
        score: confidence or rating of the answer, on the task's scale.
        ratings: item to 1–5, for rating tasks.
        seconds: from showing the case to the answer; None after an interruption.
    """

    __tablename__ = "answer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["reader_id", "position"], ["trial.reader_id", "trial.position"], ondelete="CASCADE"
        ),
    )
    reader_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    choice: Mapped[str] = mapped_column(String(64), default="")
    score: Mapped[int | None] = mapped_column(default=None)
    ratings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seconds: Mapped[float | None] = mapped_column(Double, default=None)
    answered: Mapped[datetime] = mapped_column(default=now)
