"""A reader's way through a study: join, see a case, answer it, stop and go on.

An answer is committed before the next case is looked up, and there is no way to change one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.readers import codes
from core.readers.database import Database, StudyError
from core.readers.design import DIAGNOSE, ROLES, SIMULATED
from core.readers.order import order
from core.readers.questions import Question, questions, stored
from core.readers.schema import Answer, Case, Picture, Reader, Study, Trial, now
from core.readers.studies import by_code

MOST_YEARS = 70


@dataclass
class Now:
    """Where a reader stands.

    Attributes:
        done, total: answered and all trials.
        position: the trial to answer next; None when all is answered.
        task, step, domain: of that trial.
        content: what may be shown of it: nothing here tells the truth or a blinded name.
        asked: the questions.
    """

    study: str
    code: str
    number: int
    design: dict[str, Any]
    done: int
    total: int
    position: int | None = None
    task: str = ""
    step: int = 0
    domain: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)


def join(db: Database, code: str, role: str, years: int, simulated: bool = False) -> str:
    """Enter a study and get the code to go on with after any interruption.

    Raises:
        StudyError: no such study, a closed one, or a role or number that is not on the list.
    """
    known = (SIMULATED,) if simulated else ROLES
    if role not in known or not 0 <= years <= MOST_YEARS:
        raise StudyError(f"Give a role of the list and 0 to {MOST_YEARS} years of experience.")
    token = codes.new(3)
    with db.session() as session:
        study = by_code(session, code)
        session.execute(select(Study.id).where(Study.id == study.id).with_for_update())
        if study.closed:
            raise StudyError("This study is closed: no new reader can join.")
        if study.simulated and not simulated:
            raise StudyError("This study is a demonstration with simulated readers only.")
        present = session.scalar(
            select(func.count()).where(Reader.study_id == study.id).select_from(Reader)
        )
        number = (present or 0) + study.withdrawn + 1  # never one that was given before
        reader = Reader(
            study_id=study.id, number=number, token_hash=codes.digest(token), role=role,
            years=years, simulated=simulated,
        )  # fmt: skip
        session.add(reader)
        session.flush()
        _plan(session, study, reader)
    return token


def _plan(session: Session, study: Study, reader: Reader) -> None:
    cases = session.scalars(
        select(Case).where(Case.study_id == study.id).order_by(Case.number)
    ).all()
    strata = [(c.domain, c.truth, *c.content.get("methods", ())) for c in cases]
    found = order([c.task for c in cases], strata, int(study.design["seed"]), reader.number)
    session.add_all(
        Trial(
            reader_id=reader.id, position=position, case_id=cases[place.case].id,
            step=place.step, flipped=place.flipped, views=0,
        )
        for position, place in enumerate(found)
    )  # fmt: skip


def where(db: Database, token: str) -> Now:
    """Where the reader with this code stands.

    Raises:
        StudyError: the code is no reader's.
    """
    with db.reading() as session:
        reader = _reader(session, token)
        study = session.get_one(Study, reader.study_id)
        done, total = _counts(session, reader.id)
        found = Now(study.title, study.code, reader.number, study.design, done, total)
        trial = _next(session, reader.id)
        if trial is None:
            return found
        case = session.get_one(Case, trial.case_id)
        found.position, found.task, found.step = trial.position, case.task, trial.step
        found.domain = case.domain
        found.content = _visible(case, trial)
        found.asked = questions(case.task, trial.step, case.domain, trial.flipped)
    return found


def begin(db: Database, token: str, position: int) -> None:
    """Start the clock of a trial; starting it again marks it as interrupted."""
    with db.session() as session:
        trial = session.get(Trial, (_reader(session, token).id, position))
        if trial is not None:
            trial.shown, trial.views = now(), trial.views + 1


def answer(
    db: Database, token: str, position: int, given: dict[str, Any], seconds: float | None = None
) -> None:
    """Commit the answer to the reader's current trial.

    Args:
        db: where the study is.
        token: the reader's code.
        position: the trial that was on screen.
        given: value by question id.
        seconds: a known duration (simulated readers); by default the time since `begin`.

    Raises:
        StudyError: not the current trial (a second window was faster, say), or incomplete.
    """
    try:
        with db.session() as session:
            reader = _reader(session, token)
            trial = _next(session, reader.id)
            if trial is None or trial.position != position:
                raise StudyError("This case is already answered; answers cannot be changed.")
            case = session.get_one(Case, trial.case_id)
            asked = questions(case.task, trial.step, case.domain, trial.flipped)
            columns = stored(case.task, asked, given, case.content.get("methods", []))
            took = _seconds(trial) if seconds is None else seconds
            session.add(Answer(reader_id=reader.id, position=position, seconds=took, **columns))
    except IntegrityError as error:
        raise StudyError("This case is already answered; answers cannot be changed.") from error


def reissue(db: Database, code: str, number: int) -> str:
    """A new code to go on with, for a reader who lost theirs; the old one no longer works.

    Raises:
        StudyError: no such study or reader.
    """
    token = codes.new(3)
    with db.session() as session:
        reader = session.scalar(
            select(Reader).where(
                Reader.study_id == by_code(session, code).id, Reader.number == number
            )
        )
        if reader is None:
            raise StudyError(f"The study {code} has no reader {number}.")
        reader.token_hash = codes.digest(token)
    return token


def picture(db: Database, code: str, sha256: str) -> bytes:
    """The PNG of a study's picture.

    Raises:
        StudyError: it has none of that name.
    """
    with db.reading() as session:
        found = session.get(Picture, (by_code(session, code).id, sha256))
        if found is None:
            raise StudyError("This study has no such picture.")
        return found.png


def _seconds(trial: Trial) -> float | None:
    if trial.shown is None or trial.views != 1:
        return None
    return (now() - trial.shown).total_seconds()


def _reader(session: Session, token: str) -> Reader:
    reader = session.scalar(select(Reader).where(Reader.token_hash == codes.digest(token)))
    if reader is None:
        raise StudyError("This code to go on with is not known; check it for typing errors.")
    return reader


def _counts(session: Session, reader_id: int) -> tuple[int, int]:
    done = session.scalar(select(func.count()).where(Answer.reader_id == reader_id))
    total = session.scalar(select(func.count()).where(Trial.reader_id == reader_id))
    return done or 0, total or 0


def _next(session: Session, reader_id: int) -> Trial | None:
    answered = select(Answer.position).where(Answer.reader_id == reader_id)
    return session.scalar(
        select(Trial)
        .where(Trial.reader_id == reader_id, Trial.position.not_in(answered))
        .order_by(Trial.position)
        .limit(1)
    )


def _visible(case: Case, trial: Trial) -> dict[str, Any]:
    """What of a case may leave the database before it is answered."""
    pictures = dict(case.content.get("pictures", {}))
    shown: dict[str, Any] = {"pictures": pictures}
    if "first" in pictures and trial.flipped:
        pictures["first"], pictures["second"] = pictures["second"], pictures["first"]
    if case.task == DIAGNOSE and trial.step == 0:
        pictures.pop("map", None)
    if case.task == DIAGNOSE and trial.step == 1:
        shown["advice"] = case.content.get("advice", "")
        shown["advice_p"] = case.content.get("advice_p")
    if "target" in case.content and case.task != DIAGNOSE:
        shown["target"] = case.content["target"]
    return shown
