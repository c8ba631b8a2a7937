"""Answers as a table, and studies as files: CSV and JSON."""

from __future__ import annotations

import base64
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.readers.database import Database
from core.readers.schema import Answer, Case, Picture, Reader, Study, Trial
from core.readers.studies import by_code

FORMAT = 1
COLUMNS = (
    "study", "reader", "simulated", "role", "years", "position", "case", "task", "domain", "step",
    "flipped", "truth", "source", "methods", "model", "advice", "detector_p", "detector_call",
    "choice", "score", "ratings", "seconds", "views", "answered",
)  # fmt: skip


def frame(db: Database, code: str) -> pd.DataFrame:
    """Every answer of a study, one a row, with the columns `COLUMNS`.

    `methods` is a tuple and `ratings` a dict (item to 1–5); `source` is the generator's id, ""
    for real images; what a task does not have is None.

    Raises:
        StudyError: no such study.
    """
    with db.reading() as session:
        study = by_code(session, code)
        rows = session.execute(
            select(Reader, Trial, Case, Answer)
            .join(Trial, Trial.reader_id == Reader.id)
            .join(Case, Case.id == Trial.case_id)
            .join(
                Answer,
                (Answer.reader_id == Trial.reader_id) & (Answer.position == Trial.position),
            )
            .where(Reader.study_id == study.id)
            .order_by(Reader.number, Trial.position)
        ).all()
        return pd.DataFrame([_row(study, *row) for row in rows], columns=list(COLUMNS))


def _row(study: Study, reader: Reader, trial: Trial, case: Case, answer: Answer) -> dict[str, Any]:
    content, judged = case.content, case.content.get("detector") or {}
    return {
        "study": study.code, "reader": reader.number, "simulated": reader.simulated,
        "role": reader.role, "years": reader.years, "position": trial.position,
        "case": case.number, "task": case.task, "domain": case.domain, "step": trial.step,
        "flipped": trial.flipped, "truth": case.truth,
        "source": (content.get("source") or {}).get("model", ""),
        "methods": tuple(content.get("methods", ())), "model": content.get("model"),
        "advice": content.get("advice"), "detector_p": judged.get("p"),
        "detector_call": judged.get("call"), "choice": answer.choice, "score": answer.score,
        "ratings": answer.ratings, "seconds": answer.seconds, "views": trial.views,
        "answered": answer.answered.isoformat(),
    }  # fmt: skip


def to_csv(db: Database, code: str) -> str:
    """Every answer as CSV: methods joined by "|", one column `rating_<item>` per rated item."""
    found = frame(db, code)
    items = sorted({item for row in found["ratings"] for item in row})
    for item in items:
        found[f"rating_{item}"] = [row.get(item) for row in found["ratings"]]
    found["methods"] = ["|".join(m) for m in found["methods"]]
    return str(found.drop(columns="ratings").to_csv(index=False))


def to_json(db: Database, code: str, pictures: bool = False) -> dict[str, Any]:
    """A whole study, ready for `from_json`.

    Args:
        db: where it is.
        code: the study.
        pictures: with its images (base64), which may include the investigator's real ones.

    Raises:
        StudyError: no such study.
    """
    with db.reading() as session:
        study = by_code(session, code)
        cases = session.scalars(
            select(Case).where(Case.study_id == study.id).order_by(Case.number)
        ).all()
        numbers = {case.id: case.number for case in cases}
        readers = session.scalars(
            select(Reader).where(Reader.study_id == study.id).order_by(Reader.number)
        ).all()
        found: dict[str, Any] = {
            "format": FORMAT, "code": study.code, "title": study.title, "design": study.design,
            "simulated": study.simulated, "withdrawn": study.withdrawn,
            "cases": [_plain(case, ("task", "domain", "truth", "content")) for case in cases],
            "readers": [_reader(session, reader, numbers) for reader in readers],
        }  # fmt: skip
        if pictures:
            every = session.scalars(select(Picture).where(Picture.study_id == study.id))
            found["pictures"] = {p.sha256: base64.b64encode(p.png).decode() for p in every}
        return found


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _reader(session: Session, reader: Reader, numbers: dict[int, int]) -> dict[str, Any]:
    found = _plain(reader, ("number", "role", "years", "simulated"))
    trials = session.execute(
        select(Trial, Answer)
        .outerjoin(
            Answer, (Answer.reader_id == Trial.reader_id) & (Answer.position == Trial.position)
        )
        .where(Trial.reader_id == reader.id)
        .order_by(Trial.position)
    )
    found["trials"] = [
        _plain(trial, ("step", "flipped", "views"))
        | {"case": numbers[trial.case_id]}
        | (
            {
                "answer": _plain(said, ("choice", "score", "ratings", "seconds"))
                | {"answered": said.answered.isoformat()}
            }
            if said
            else {}
        )
        for trial, said in trials
    ]
    return found
