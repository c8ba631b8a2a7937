"""Fill a study with simulated readers, through the same door that people come in by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from sqlalchemy import select

from core import domains
from core.readers import sessions, simulate, studies
from core.readers.database import Database
from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, SIMULATED, TURING, Design
from core.readers.schema import Case, Trial
from core.readers.simulate import Person, Skill
from core.readers.studies import Draft, Opened

DEMO = {TURING: 40, COMPARE: 36, RATE: 24, DIAGNOSE: 24}


def demo(
    db: Database, domain: str, readers: int = 12, seed: int = 1, skill: Skill | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Opened:  # fmt: skip
    """Make a study without images and let simulated readers answer it: a filled analysis page.

    Raises:
        StudyError: unknown domain.
    """
    design = Design(
        "Demonstration with simulated readers", (domain,), dict(DEMO), seed=seed,
        methods=("gradcam", "ig", "shap"), controls=("random", "edge"),
    )  # fmt: skip
    opened = studies.create(db, design, drafts(design, skill or Skill()), simulated=True)
    fill(db, opened.code, readers, seed, skill, progress)
    return opened


def drafts(design: Design, skill: Skill) -> list[Draft]:
    """Cases without images; the detector and the model's advice are simulated too."""
    rng = np.random.default_rng(design.seed)
    found, domain = [], design.domains[0]
    hidden = _case_effects(design.seed, design.cases.get(TURING, 0), skill.case_spread)
    for i, case in enumerate(hidden):
        truth = ("real", "synthetic")[i % 2]
        signal = skill.detector * (i % 2 - 0.5) + skill.detector_shared * case
        p = float(1 / (1 + np.exp(-2 * (signal + rng.standard_normal()))))
        judged = {"p": p, "call": "synthetic" if p >= 0.5 else "real"}
        source = {"model": "simulated", "seed": i} if i % 2 else {}
        found.append(Draft(TURING, domain, truth, {"detector": judged, "source": source}))
    pairs = list(combinations(design.compared, 2))
    for i in range(design.cases.get(COMPARE, 0)):
        found.append(Draft(COMPARE, domain, "", {"methods": list(pairs[i % len(pairs)])}))
    for i in range(n_rate := design.cases.get(RATE, 0)):
        method = design.compared[i % len(design.compared)]
        found.append(Draft(RATE, domain, "", {"methods": [method]}))
    for method in design.compared[:n_rate]:
        found.append(Draft(CAUSABILITY, domain, "", {"methods": [method]}))
    labels = domains.get(domain).task().labels
    for i in range(design.cases.get(DIAGNOSE, 0)):
        truth = labels[i % len(labels)]
        others = [label for label in labels if label != truth]
        advice = truth if rng.random() < skill.advice else others[i % len(others)]
        method = design.methods[i % len(design.methods)]
        content = {"methods": [method], "advice": advice, "advice_p": 0.8}
        found.append(Draft(DIAGNOSE, domain, truth, content))
    return found


def fill(
    db: Database, code: str, readers: int, seed: int = 1, skill: Skill | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:  # fmt: skip
    """Let simulated readers of known skill join a study and answer all of it.

    Args:
        db: where the study is.
        code: the study's code.
        readers: how many.
        seed: of the readers.
        skill: the population they come from.
        progress: called with readers done and all.

    Returns:
        Number of answers.

    Raises:
        StudyError: no such study, or a closed one.
    """
    population, count = skill or Skill(), 0
    for i in range(readers):
        token = sessions.join(db, code, SIMULATED, 0, simulated=True)
        rng = np.random.default_rng([seed, i])
        count += _answer_all(db, token, _Reading(population, simulate.person(population, rng), rng))
        if progress:
            progress(i + 1, readers)
    return count


class _Reading:
    """One simulated reader's answers to single cases."""

    def __init__(self, skill: Skill, who: Person, rng: np.random.Generator) -> None:
        self.skill, self.who, self.rng = skill, who, rng
        self.last = ""

    def answer(self, case: Case, trial: Trial, hidden: float) -> dict[str, Any]:
        """Value by question id; `hidden` is the case's standard normal effect."""
        one = np.array([hidden])
        methods: Sequence[str] = case.content.get("methods", ())
        if case.task == TURING:
            kind = np.array([float(case.truth == "synthetic")])
            seen = simulate.sees(self.who, kind, self.skill.case_spread * one, self.rng)
            return {"score": int(seen[0])}
        if case.task == COMPARE:
            pair = [(methods[0], methods[1])]
            case_effect = self.skill.fit * one
            return {"side": int(simulate.prefers(self.who, pair, case_effect, self.rng)[0])}
        if case.task == DIAGNOSE:
            return self._diagnose(case, trial, one)
        return self._rate(case, trial, methods[0], hidden)

    def _rate(self, case: Case, trial: Trial, method: str, hidden: float) -> dict[str, Any]:
        from core.readers.questions import questions

        asked = questions(case.task, trial.step, case.domain)
        liking = np.full(len(asked), self.skill.liking.get(method, 3.0))
        shared = np.full(len(asked), self.skill.rating_case * hidden * (case.task == RATE))
        said = simulate.rates(self.who, liking, shared, self.skill.rating_noise, self.rng)
        return {question.id: int(value) for question, value in zip(asked, said)}

    def _diagnose(self, case: Case, trial: Trial, hidden: np.ndarray) -> dict[str, Any]:
        if trial.step == 0:
            labels = domains.get(case.domain).task().labels
            others = [label for label in labels if label != case.truth]
            right = simulate.diagnoses(self.who, self.skill.diagnosis_case * hidden, self.rng)[0]
            self.last = case.truth if right else str(self.rng.choice(others))
            return {"choice": self.last, "confidence": int(self.rng.integers(2, 5))}
        advice = case.content["advice"]
        agrees = advice == self.last
        taken = bool(simulate.follows(self.who, 1, self.rng)[0])
        choice = advice if agrees or taken else self.last
        return {"choice": choice, "confidence": int(self.rng.integers(3, 6) if agrees else 3)}

    def seconds(self, hidden: float) -> float:
        case = np.array([self.skill.case_time * hidden])
        return float(simulate.takes(self.who, case, self.skill.time_noise, self.rng)[0])


def _case_effects(seed: int, n: int, spread: float = 1.0) -> np.ndarray:
    """What each case adds for every reader of a study: the same for all of them."""
    return spread * np.random.default_rng([seed, 77]).standard_normal(n)


def _answer_all(db: Database, token: str, reading: _Reading) -> int:
    with db.reading() as session:
        reader = sessions._reader(session, token)
        rows = session.execute(
            select(Trial, Case)
            .join(Case, Case.id == Trial.case_id)
            .where(Trial.reader_id == reader.id)
            .order_by(Trial.position)
        ).all()
        study_seed = sessions.where(db, token).design["seed"]
    hidden = _case_effects(int(study_seed), 1 + max(case.number for _, case in rows))
    for trial, case in rows:
        effect = float(hidden[case.number])
        given = reading.answer(case, trial, effect)
        sessions.answer(db, token, trial.position, given, reading.seconds(effect))
    return len(rows)
