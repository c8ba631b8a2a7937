"""What is asked about a case, and how an answer is stored: one definition for page and analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import domains
from core.readers.database import StudyError
from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, TURING

SCALE = ((1, "Not at all"), (2, "A little"), (3, "Half"), (4, "Mostly"), (5, "Fully"))
CONFIDENCE = ((1, "A guess"), (2, "Unsure"), (3, "Half sure"), (4, "Sure"), (5, "Certain"))
# Rating-scale ROC: one press gives answer and confidence (Swets & Pickett 1982, ch. 1).
REAL_TO_SYNTHETIC = (
    (1, "Surely real"), (2, "Probably real"), (3, "Rather real"),
    (4, "Rather synthetic"), (5, "Probably synthetic"), (6, "Surely synthetic"),
)  # fmt: skip
MIDDLE = 3  # ratings above it say "synthetic"
RATINGS = {
    "usefulness": "This map helps me to judge the image.",
    "plausibility": "It marks what I would look at myself.",
    "trust": "I would rely on it in work like this.",
}
# The ten aspects of the System Causability Scale (Holzinger, Carrington & Müller 2020, table 1),
# in shorter words; scored as published.
CAUSABILITY_ITEMS = {
    "factors": "It held all relevant factors, precisely enough.",
    "context": "I understood it in the context of my work.",
    "detail": "I could change the level of detail when I wished to.",
    "unaided": "I needed no help to understand it.",
    "causality": "It helped me to see what causes the answer.",
    "knowledge": "I could bring it together with what I know.",
    "consistent": "I found no contradictions between these maps.",
    "quickly": "Most people would learn to read such maps quickly.",
    "references": "I needed no further references, such as guidelines.",
    "timely": "I had it in good time and without detours.",
}


@dataclass(frozen=True)
class Question:
    """One question with its possible answers, each a value and what the button says."""

    id: str
    text: str
    options: tuple[tuple[Any, str], ...]


def questions(task: str, step: int, domain_id: str, flipped: bool = False) -> list[Question]:
    """Everything asked about one case, in order.

    Args:
        task: the case's task.
        step: 1 for the second look with the model's advice.
        domain_id: whose labels a diagnosis chooses from.
        flipped: of a pair, the second method is on the left.
    """
    if task == TURING:
        return [Question("score", "Is this image real or synthetic?", REAL_TO_SYNTHETIC)]
    if task == COMPARE:
        sides = ((1, "Left"), (0, "Right")) if flipped else ((0, "Left"), (1, "Right"))
        return [Question("side", "Which map explains the model's answer better?", sides)]
    if task == RATE:
        return [Question(k, text, SCALE) for k, text in RATINGS.items()]
    if task == CAUSABILITY:
        return [Question(k, text, SCALE) for k, text in CAUSABILITY_ITEMS.items()]
    if task == DIAGNOSE:
        domain = domains.get(domain_id)
        labels = tuple((v, domain.class_name(v)) for v in domain.task().labels)
        first = "What does the image show?" if step == 0 else "And now, with the model's answer?"
        return [
            Question("choice", first, labels),
            Question("confidence", "How sure are you?", CONFIDENCE),
        ]
    raise StudyError(f"Unknown task '{task}'.")


def stored(task: str, asked: list[Question], given: dict[str, Any], methods: list[str]) -> Any:
    """Turn what was pressed into the columns `choice`, `score` and `ratings`.

    Args:
        task: the case's task.
        asked: from `questions`.
        given: value by question id.
        methods: of a pair, in stored order.

    Raises:
        StudyError: a question is unanswered, or the answer is none of its options.
    """
    for question in asked:
        if given.get(question.id) not in [value for value, _ in question.options]:
            raise StudyError("This answer is not complete; nothing was saved.")
    if task == TURING:
        score = int(given["score"])
        choice = "synthetic" if score > MIDDLE else "real"
        return {"choice": choice, "score": score, "ratings": {}}
    if task == COMPARE:
        return {"choice": methods[int(given["side"])], "score": None, "ratings": {}}
    if task == DIAGNOSE:
        return {"choice": given["choice"], "score": int(given["confidence"]), "ratings": {}}
    return {"choice": "", "score": None, "ratings": {q.id: int(given[q.id]) for q in asked}}
