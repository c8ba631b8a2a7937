"""What an investigator decides: tasks, domains, generators, maps, cases, seed, blinding."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from core import domains
from core.readers.database import StudyError

TURING, COMPARE, RATE, CAUSABILITY, DIAGNOSE = (
    "turing", "compare", "rate", "causability", "diagnose",
)  # fmt: skip
TASKS = {
    TURING: "Real or synthetic?",
    COMPARE: "Which map explains better?",
    RATE: "Rate this explanation",
    DIAGNOSE: "Diagnose, without and with the model",
}
TELL = {
    "share": "that half of the images are synthetic",
    "score": "their own score, once they have finished",
}
CONTROLS = ("random", "edge")
MOST_CASES = 500
ROLES = (
    "radiologist", "pathologist", "other physician", "physician in training", "radiographer",
    "medical student", "medical physicist", "machine-learning researcher", "other",
)  # fmt: skip
SIMULATED = "simulated reader"


@dataclass(frozen=True)
class Design:
    """Settings of a study; the same design, images and models give the same cases.

    Attributes:
        title: shown to readers.
        domains: domain ids; cases are shared out among them.
        cases: number of cases by task.
        generators: ids of the generators to draw from; the domain's best where none is named.
        classifiers: id of the explained model by domain; the domain's best where none is named.
        methods: explanation methods to compare, rate and diagnose with.
        controls: maps that know nothing of the model, compared and rated like a method.
        seed: of images, pairs and every reader's order.
        tell: what readers learn, of `TELL`; nothing by default.
    """

    title: str
    domains: tuple[str, ...]
    cases: dict[str, int]
    generators: tuple[str, ...] = ()
    classifiers: dict[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ("gradcam", "ig", "shap")
    controls: tuple[str, ...] = ("random",)
    seed: int = 1
    tell: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be run.

        Raises:
            StudyError: one sentence on what to change.
        """
        known = {d.id for d in domains.all_domains()}
        if not self.title.strip() or len(self.title) > 200:
            raise StudyError("Give the study a title of at most 200 characters.")
        if not self.domains or set(self.domains) - known:
            raise StudyError(f"Choose at least one domain of: {', '.join(sorted(known))}.")
        if set(self.cases) - set(TASKS) or not any(self.cases.values()):
            raise StudyError(f"Give a number of cases for at least one of: {', '.join(TASKS)}.")
        if min(self.cases.values()) < 0 or sum(self.cases.values()) > MOST_CASES:
            raise StudyError(f"A study has 1 to {MOST_CASES} cases in all.")
        if self.cases.get(COMPARE) and len(self.compared) < 2:
            raise StudyError("To compare maps, choose at least two methods or controls.")
        if (self.cases.get(RATE) or self.cases.get(DIAGNOSE)) and not self.methods:
            raise StudyError("Choose at least one explanation method.")
        if set(self.controls) - set(CONTROLS) or set(self.tell) - set(TELL):
            raise StudyError("Unknown control or unknown thing to tell readers.")
        if self.seed < 0:
            raise StudyError("The seed must be 0 or more.")

    @property
    def compared(self) -> tuple[str, ...]:
        """Methods and controls that are compared and rated."""
        return (*self.methods, *self.controls)

    def share(self, task: str) -> dict[str, int]:
        """The task's cases by domain, as even as can be."""
        n, parts = self.cases.get(task, 0), len(self.domains)
        return {d: n // parts + (i < n % parts) for i, d in enumerate(self.domains)}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready settings."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Design:
        """Rebuild a design from `to_dict`.

        Raises:
            StudyError: fields are missing, unknown or wrong.
        """
        listed = ("domains", "generators", "methods", "controls", "tell")
        try:
            given: dict[str, Any] = {k: tuple(v) if k in listed else v for k, v in settings.items()}
            return cls(**given)
        except (TypeError, AttributeError) as error:
            raise StudyError("These are no settings of a reader study.") from error
