"""Studies and answers from files that `core.readers.records` wrote: all of a file or nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import SynthLensError
from core.readers import codes
from core.readers.database import Database, StudyError
from core.readers.design import ROLES, SIMULATED, Design
from core.readers.questions import questions, stored
from core.readers.records import FORMAT
from core.readers.schema import Answer, Case, Picture, Reader, Study, Trial, now
from core.readers.studies import Opened, by_code, free_code


def from_json(db: Database, content: dict[str, Any]) -> Opened:
    """Store an exported study as a new one, with its readers and answers.

    Codes and keys are new; `sessions.reissue` gives an unfinished reader a code to go on with.

    Raises:
        StudyError: this is no export of a study, and nothing of it was stored.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StudyError("This file is no study exported by SynthLens.")
    key = codes.new(4)
    try:
        design = Design.from_dict(content["design"])
        with db.session() as session:
            study = Study(
                code=free_code(session), key_hash=codes.digest(key), title=design.title,
                design=design.to_dict(), simulated=bool(content["simulated"]),
                withdrawn=int(content["withdrawn"]),
            )  # fmt: skip
            session.add(study)
            session.flush()
            for sha, data in content.get("pictures", {}).items():
                png = base64.b64decode(data, validate=True)
                session.add(Picture(study_id=study.id, sha256=sha, png=png))
            cases = [
                Case(study_id=study.id, number=n, **_plain_of(c, _CASE))
                for n, c in enumerate(content["cases"])
            ]
            session.add_all(cases)
            session.flush()
            for reader in content["readers"]:
                _add_reader(session, study, cases, reader)
            return Opened(study.id, study.code, key)
    except SynthLensError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise StudyError("This study file is damaged; nothing of it was stored.") from error


_CASE = {"task": str, "domain": str, "truth": str, "content": dict}


def _plain_of(row: dict[str, Any], types: Mapping[str, type]) -> dict[str, Any]:
    for name, kind in types.items():
        if not isinstance(row[name], kind):
            raise ValueError(name)
    return {name: row[name] for name in types}


def _add_reader(session: Session, study: Study, cases: list[Case], row: dict[str, Any]) -> None:
    if row["role"] not in (*ROLES, SIMULATED) or bool(row["simulated"]) != (
        row["role"] == SIMULATED
    ):
        raise ValueError("role")
    reader = Reader(
        study_id=study.id, number=int(row["number"]), token_hash=codes.digest(codes.new(6)),
        role=row["role"], years=int(row["years"]), simulated=bool(row["simulated"]),
    )  # fmt: skip
    session.add(reader)
    session.flush()
    answers = []
    for position, trial in enumerate(row["trials"]):
        case = cases[trial["case"]]
        session.add(
            Trial(
                reader_id=reader.id, position=position, case_id=case.id,
                step=int(trial["step"]), flipped=bool(trial["flipped"]),
                views=int(trial["views"]),
            )
        )  # fmt: skip
        if said := trial.get("answer"):
            columns = _checked(case, trial, said)
            answers.append(Answer(reader_id=reader.id, position=position, **columns))
    session.flush()
    session.add_all(answers)


def _checked(case: Case, trial: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """An answer's columns, after asking whether it could have been given to this case at all."""
    asked = questions(case.task, int(trial["step"]), case.domain)
    methods = case.content.get("methods", [])
    given = dict(said["ratings"])
    for question in asked:
        if question.id == "score":
            given["score"] = said["score"]
        elif question.id == "confidence":
            given |= {"choice": said["choice"], "confidence": said["score"]}
        elif question.id == "side":
            given["side"] = methods.index(said["choice"])
    columns = stored(case.task, asked, given, methods)
    seconds = said["seconds"]
    when = said.get("answered")
    columns["answered"] = datetime.fromisoformat(when) if when else now()
    return {**columns, "seconds": None if seconds is None else float(seconds)}


def add_csv(db: Database, code: str, text: str) -> int:
    """Add the answers of a CSV from `to_csv` to a study that has the same cases.

    Readers are told apart by their number; one that the study already has is left as it is, so
    that the same file can be read twice.

    Returns:
        Number of answers added.

    Raises:
        StudyError: a column is missing, or a row fits no case; nothing was stored.
    """
    try:
        table = pd.read_csv(io.StringIO(text))
    except ValueError as error:
        raise StudyError("This file is no CSV table of answers.") from error
    needed = {"reader", "simulated", "role", "years", "position", "case", "step", "choice"}
    if missing := needed - set(table.columns):
        raise StudyError(f"The table of answers lacks the columns: {', '.join(sorted(missing))}.")
    added = 0
    try:
        with db.session() as session:
            study = by_code(session, code)
            cases = list(
                session.scalars(select(Case).where(Case.study_id == study.id).order_by(Case.number))
            )
            have = set(session.scalars(select(Reader.number).where(Reader.study_id == study.id)))
            for number, rows in table.groupby("reader"):
                if int(number) in have:  # type: ignore[call-overload]
                    continue
                ordered = rows.sort_values("position").to_dict("records")
                _add_reader(session, study, cases, _from_rows(ordered))
                added += len(ordered)
    except SynthLensError:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise StudyError("A row of this table fits no case; nothing of it was stored.") from error
    return added


def _from_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    head = rows[0]
    return {
        "number": head["reader"], "role": head["role"], "years": head["years"],
        "simulated": bool(head["simulated"]),
        "trials": [
            {
                "case": int(row["case"]), "step": row["step"],
                "flipped": bool(row.get("flipped", False)), "views": row.get("views", 1),
                "answer": {
                    "choice": _blank(row["choice"], ""), "score": _whole(row.get("score")),
                    "seconds": _blank(row.get("seconds"), None),
                    "answered": _blank(row.get("answered"), None),
                    "ratings": {
                        k.removeprefix("rating_"): _whole(v)
                        for k, v in row.items()
                        if str(k).startswith("rating_") and not pd.isna(v)
                    },
                },
            }
            for row in rows
        ],
    }  # fmt: skip


def _blank(value: Any, instead: Any) -> Any:
    return instead if value is None or pd.isna(value) else value


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)
