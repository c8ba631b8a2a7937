"""Turn a design, real images and our models into cases; every image goes through one encoding."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image

from core import domains
from core.degradations import jpeg
from core.errors import CancelledError, CheckpointError
from core.explain.service import Explanation, explain
from core.preprocessing import Preprocessing
from core.readers.database import StudyError
from core.readers.design import CAUSABILITY, COMPARE, CONTROLS, DIAGNOSE, RATE, TURING, Design
from core.readers.studies import Draft
from core.registry import Registry
from core.services.defaults import choose
from core.services.detection import SYNTHETIC, detect
from core.services.generation import generate
from core.services.overlay import overlay

QUALITY = 92  # of the JPEG that real and synthetic images both pass through
EXAMPLES = 3  # maps shown beside the questions on a whole method

Report = Callable[[float, str], None]


@dataclass
class Real:
    """One of the investigator's images: decoded pixels, and its class where that is known."""

    pixels: np.ndarray
    class_id: str = ""


@dataclass
class Subject:
    """An image that a case is about, already encoded like all others."""

    pixels: np.ndarray
    class_id: str
    source: dict[str, Any]

    @property
    def origin(self) -> str:
        """Either "real" or "synthetic"."""
        return "synthetic" if "model" in self.source else "real"


@dataclass
class Material:
    """Cases and the pictures that they name."""

    drafts: list[Draft] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def keep(self, pixels: np.ndarray) -> str:
        """Store a picture as a PNG without metadata and return its sha256."""
        stream = io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(stream, "PNG")
        sha = hashlib.sha256(stream.getvalue()).hexdigest()
        self.pictures[sha] = stream.getvalue()
        return sha

    def add(self, task: str, domain: str, truth: str, **content: Any) -> None:
        """Append a case."""
        self.drafts.append(Draft(task, domain, truth, content))


def alike(pixels: np.ndarray, domain_id: str) -> np.ndarray:
    """Size, grey levels and JPEG that every image of a study passes through, whatever its origin.

    Args:
        pixels: (H, W) or (H, W, C), float in [0, 1] or uint8.
        domain_id: gives size and channels.

    Returns:
        (S, S, C) uint8.
    """
    domain = domains.get(domain_id)
    square = Preprocessing(size=domain.size, channels=domain.channels).pixels(pixels)
    return jpeg(square, QUALITY, np.random.default_rng(0))


def build(
    registry: Registry,
    design: Design,
    reals: Mapping[str, Sequence[Real]],
    progress: Report | None = None,
) -> Material:
    """Draw, explain and judge all that a study needs.

    Args:
        registry: where the models are.
        design: what to make.
        reals: the investigator's images by domain.
        progress: called with the share done and what is being done; may raise `CancelledError`.

    Raises:
        StudyError: too few real images, or a generator of another domain.
        CheckpointError: a model is missing.
        CancelledError: cancelled.
    """
    found = Material()
    say = progress or (lambda share, what: None)
    for place, domain in enumerate(design.domains):
        _Maker(registry, design, domain, found, list(reals.get(domain, ()))).work(
            _part(say, place, len(design.domains))
        )
    return found


def _part(say: Report, place: int, parts: int) -> Report:
    return lambda share, what: say((place + share) / parts, what)


@dataclass
class _Maker:
    """The cases of one domain."""

    registry: Registry
    design: Design
    domain: str
    out: Material
    reals: list[Real]

    def __post_init__(self) -> None:
        place = self.design.domains.index(self.domain)
        self.rng = np.random.default_rng([self.design.seed, place])
        self.rng.shuffle(self.reals)  # type: ignore[arg-type]
        self.seed = 1_000_000 + 10_000 * (self.design.seed % 100_000)
        self.explained: list[tuple[Subject, Explanation]] = []

    def count(self, task: str) -> int:
        return self.design.share(task)[self.domain]

    def work(self, say: Report) -> None:
        say(0.0, "Drawing synthetic images")
        if n := self.count(TURING):
            self.turing(n)
        n_maps = sum(self.count(t) for t in (COMPARE, RATE, DIAGNOSE))
        subjects = self.subjects(n_maps)
        for i, subject in enumerate(subjects):
            say(0.3 + 0.7 * i / n_maps, f"Explaining image {i + 1} of {n_maps}")
            self.explained.append((subject, self.explain(subject)))
        self.compare(self.take(COMPARE))
        self.rate(self.take(RATE))
        self.diagnose(self.take(DIAGNOSE))
        say(1.0, "Done")

    def take(self, task: str) -> list[tuple[Subject, Explanation]]:
        n = self.count(task)
        own, self.explained = self.explained[:n], self.explained[n:]
        return own

    # real or synthetic

    def turing(self, n: int) -> None:
        n_real = n // 2
        if len(self.reals) < n_real:
            raise StudyError(
                f"“Real or synthetic?” needs {n_real} real images of the domain "
                f"{domains.get(self.domain).name}; {len(self.reals)} were given."
            )
        own, self.reals = self.reals[:n_real], self.reals[n_real:]
        real = [Subject(alike(r.pixels, self.domain), r.class_id, {}) for r in own]
        classes = [r.class_id for r in own if r.class_id]
        made = self.draw(n - n_real, classes)
        for subject, judged in zip([*real, *made], self.judged([*real, *made])):
            self.out.add(
                TURING, self.domain, subject.origin, source=subject.source,
                class_id=subject.class_id, detector=judged,
                pictures={"image": self.out.keep(subject.pixels)},
            )  # fmt: skip

    def draw(self, n: int, like: Sequence[str] = ()) -> list[Subject]:
        """N synthetic images, generators in turn, classes as often as among `like`."""
        wanted = [g for g in self.design.generators if g.split("/")[0] in (self.domain, "shared")]
        named: list[str | None] = [*wanted] or [None]
        cards = [choose(self.registry, self.domain, "generator", g) for g in named]
        order = []
        for i in range(n):
            card = cards[i % len(cards)]
            known = [c for c in like if c in card.classes] or list(card.classes)
            order.append((card.id, known[(i // len(cards)) % len(known)]))
        drawn = {kind: iter(self.batch(*kind, order.count(kind))) for kind in dict.fromkeys(order)}
        return [next(drawn[kind]) for kind in order]

    def batch(self, model: str, class_id: str, n: int) -> list[Subject]:
        """N images of one generator and class, on seeds that nothing else of the study uses."""
        start, self.seed = self.seed, self.seed + n
        images = generate(self.registry, self.domain, model, class_id, n, start)
        if len(images) < n:
            raise CancelledError("Cancelled while images were drawn.")
        return [
            Subject(alike(i.pixels, self.domain), class_id, {"model": model, "seed": i.seed})
            for i in images
        ]

    def judged(self, subjects: Sequence[Subject]) -> list[dict[str, Any]]:
        """The detector's answer on the very images that readers see; empty without a detector."""
        try:
            card = choose(self.registry, self.domain, "detector", None)
        except CheckpointError:
            return [{} for _ in subjects]
        pixels = [s.pixels for s in subjects]
        limit = float(card.calibration.get("threshold", 0.5))
        found: list[dict[str, Any]] = []
        for verdict in detect(self.registry, pixels, self.domain, card.id, stability=False):
            p = verdict.p_synthetic
            call = None if p is None else (SYNTHETIC if p >= limit else "real")
            found.append({"model": card.id, "p": p, "call": call})
        return found

    # maps

    def subjects(self, n: int) -> list[Subject]:
        """Images to explain: the investigator's where their class is known, then our own."""
        if not n:
            return []
        task = domains.get(self.domain).task()
        known = [r for r in self.reals if task.label_of(r.class_id)][:n]
        real = [Subject(alike(r.pixels, self.domain), r.class_id, {}) for r in known]
        labelled = [c for c in domains.get(self.domain).class_ids if task.label_of(c)]
        return [*real, *self.draw(n - len(real), labelled)]

    def explain(self, subject: Subject) -> Explanation:
        named = self.design.classifiers.get(self.domain)
        card = choose(self.registry, self.domain, "classifier", named)
        methods = [m for m in self.design.methods if m not in CONTROLS]
        found = explain(self.registry, card.id, subject.pixels, methods, metrics=False)
        # every image has its own noise; the same one each time would be recognised
        random = np.random.default_rng([self.design.seed, len(self.explained)])
        found.references["random"] = random.uniform(-1, 1, found.pixels.shape[:2])
        return found

    def painted(self, found: Explanation, method: str) -> str:
        values = found.references[method] if method in CONTROLS else found.maps[method]
        return self.out.keep(overlay(found.pixels, values))

    def compare(self, own: list[tuple[Subject, Explanation]]) -> None:
        pairs = list(combinations(self.design.compared, 2))
        start = int(self.rng.integers(len(pairs))) if pairs else 0
        for i, (subject, found) in enumerate(own):
            first, second = pairs[(start + i) % len(pairs)]
            pictures = {
                "image": self.out.keep(subject.pixels),
                "first": self.painted(found, first),
                "second": self.painted(found, second),
            }
            self.out.add(
                COMPARE, self.domain, "", methods=[first, second], pictures=pictures,
                model=found.model, target=found.target, source=subject.source,
            )  # fmt: skip

    def rate(self, own: list[tuple[Subject, Explanation]]) -> None:
        maps: dict[str, list[str]] = {}
        for i, (subject, found) in enumerate(own):
            method = self.design.compared[i % len(self.design.compared)]
            sha = self.painted(found, method)
            maps.setdefault(method, []).append(sha)
            self.out.add(
                RATE, self.domain, "", methods=[method], model=found.model, target=found.target,
                pictures={"image": self.out.keep(subject.pixels), "map": sha},
                source=subject.source,
            )  # fmt: skip
        for method, own_maps in maps.items():
            shown = {f"example {i + 1}": sha for i, sha in enumerate(own_maps[:EXAMPLES])}
            self.out.add(CAUSABILITY, self.domain, "", methods=[method], pictures=shown)

    def diagnose(self, own: list[tuple[Subject, Explanation]]) -> None:
        task = domains.get(self.domain).task()
        for i, (subject, found) in enumerate(own):
            method = self.design.methods[i % len(self.design.methods)]
            pictures = {
                "image": self.out.keep(subject.pixels),
                "map": self.painted(found, method),
            }
            self.out.add(
                DIAGNOSE, self.domain, task.label_of(subject.class_id) or "", methods=[method],
                pictures=pictures, model=found.model, advice=found.target,
                advice_p=found.prediction[found.target], source=subject.source,
            )  # fmt: skip
