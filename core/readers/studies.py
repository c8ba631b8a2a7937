"""Studies: making, finding, closing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.readers import codes
from core.readers.database import Database, StudyError
from core.readers.design import Design
from core.readers.schema import Answer, Case, Picture, Reader, Study, Trial, now


@dataclass
class Draft:
    """A case before it has a place in the database; see `schema.Case` for the fields."""

    task: str
    domain: str
    truth: str
    content: dict[str, Any]


@dataclass
class Opened:
    """What only the investigator learns when a study is made."""

    id: int
    code: str
    key: str


@dataclass
class Overview:
    """A study at a glance.

    Attributes:
        readers: one {"number", "role", "years", "simulated", "done", "total"} each.
    """

    id: int
    code: str
    title: str
    design: Design
    simulated: bool
    closed: bool
    withdrawn: int
    cases: dict[str, int]
    readers: list[dict[str, Any]] = field(default_factory=list)


def create(
    db: Database,
    design: Design,
    drafts: list[Draft],
    pictures: Mapping[str, bytes] | None = None,
    simulated: bool = False,
) -> Opened:
    """Store a study with its cases; readers can join from here on.

    Args:
        db: where to.
        design: the settings.
        drafts: the cases.
        pictures: PNGs by sha256, as the cases' contents name them.
        simulated: for simulated readers only; its cases need no pictures.

    Raises:
        StudyError: no case, or the database does not answer.
    """
    if not drafts:
        raise StudyError("A study needs at least one case.")
    key = codes.new(4)
    with db.session() as session:
        code = free_code(session)
        study = Study(
            code=code, key_hash=codes.digest(key), title=design.title.strip(),
            design=design.to_dict(), simulated=simulated, withdrawn=0,
        )  # fmt: skip
        session.add(study)
        session.flush()
        for sha, png in (pictures or {}).items():
            session.add(Picture(study_id=study.id, sha256=sha, png=png))
        for number, draft in enumerate(drafts):
            session.add(
                Case(
                    study_id=study.id, number=number, task=draft.task, domain=draft.domain,
                    truth=draft.truth, content=draft.content,
                )
            )  # fmt: skip
        return Opened(study.id, code, key)


def free_code(session: Session) -> str:
    """A code that no study has."""
    while True:
        code = codes.new(2, 3)
        if session.scalar(select(Study.id).where(Study.code == code)) is None:
            return code


def by_code(session: Session, code: str) -> Study:
    """The study that readers join with a code.

    Raises:
        StudyError: there is none.
    """
    study = session.scalar(select(Study).where(Study.code == codes.tidy(code)))
    if study is None:
        raise StudyError("There is no study with this code; check it for typing errors.")
    return study


def by_key(db: Database, key: str) -> str:
    """The code of the study that an investigator's key opens.

    Raises:
        StudyError: it opens none.
    """
    with db.reading() as session:
        code = session.scalar(select(Study.code).where(Study.key_hash == codes.digest(key)))
    if code is None:
        raise StudyError("This key opens no study; check it for typing errors.")
    return code


def codes_of(db: Database) -> list[str]:
    """The codes of all studies, newest first: for whoever holds the database itself."""
    with db.reading() as session:
        return list(session.scalars(select(Study.code).order_by(Study.id.desc())))


def overview(db: Database, code: str) -> Overview:
    """A study at a glance, with every reader's progress.

    Raises:
        StudyError: no such study.
    """
    with db.reading() as session:
        study = by_code(session, code)
        tasks = session.execute(
            select(Case.task, func.count()).where(Case.study_id == study.id).group_by(Case.task)
        )
        rows = session.execute(
            select(
                Reader.number, Reader.role, Reader.years, Reader.simulated,
                select(func.count()).where(Answer.reader_id == Reader.id).scalar_subquery(),
                select(func.count()).where(Trial.reader_id == Reader.id).scalar_subquery(),
            )
            .where(Reader.study_id == study.id)
            .order_by(Reader.number)
        )  # fmt: skip
        names = ("number", "role", "years", "simulated", "done", "total")
        return Overview(
            study.id, study.code, study.title, Design.from_dict(study.design), study.simulated,
            study.closed is not None, study.withdrawn, {row[0]: row[1] for row in tasks},
            [dict(zip(names, row)) for row in rows],
        )  # fmt: skip


def close(db: Database, code: str, closed: bool = True) -> None:
    """Stop new readers from joining (or let them again); those inside may finish."""
    with db.session() as session:
        by_code(session, code).closed = now() if closed else None


def remove(db: Database, code: str) -> None:
    """Delete a study with its images, readers and answers, for good."""
    with db.session() as session:
        session.execute(delete(Study).where(Study.id == by_code(session, code).id))


def delete_reader(db: Database, code: str, number: int) -> int:
    """Delete a reader and every answer of theirs, on request; returns how many answers.

    Raises:
        StudyError: no such study or reader.
    """
    with db.session() as session:
        study = by_code(session, code)
        reader = session.scalar(
            select(Reader).where(Reader.study_id == study.id, Reader.number == number)
        )
        if reader is None:
            raise StudyError(f"The study {study.code} has no reader {number}.")
        count = session.scalar(select(func.count()).where(Answer.reader_id == reader.id)) or 0
        session.execute(delete(Reader).where(Reader.id == reader.id))
        study.withdrawn += 1
    return int(count)
