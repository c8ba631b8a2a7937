"""Training texts with their condition: whole reports, parts, sentences, and made sentences.

Weak pairs: a text is matched to any X-ray of its condition, as the images of these reports are
not at hand. A model trained on them follows the condition, not the wording beyond it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.text.cleaning import sentences
from core.text.conditions import CONDITIONS, condition_of
from core.text.phrases import FRAMES, KINDS, phrase
from core.text.reports import Report

# says something about the lungs themselves, so it must not stand beside a made finding
_LUNGS = re.compile(
    r"lung|pulmon|opaci|consolid|infiltr|pneumoni|airspace|air space|clear|acute|normal chest"
    r"|negative|infect|disease|abnormal|unremarkable|process|markings|parenchym",
    re.IGNORECASE,
)
_FINDING = re.compile(r"pneumoni|infiltr|consolid|air ?space (?:disease|opacit)", re.IGNORECASE)
_DENIED = re.compile(
    r"\bno\b|\bnot\b|without|negative|resol|clear|free of|exclu|absen|recommend|prior|previous",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pair:
    """A text, the condition of its images (of `CONDITIONS`), and where it comes from."""

    text: str
    condition: str
    origin: str


def training_pairs(
    reports: list[Report], split: str = "train", made: int = 260, seed: int = 0
) -> list[Pair]:
    """Texts of a split, each once, in a fixed order.

    Args:
        reports: all reports.
        split: whose reports to use.
        made: made sentences per frame and kind, half of them within a report's neutral sentences.
        seed: of the made sentences.
    """
    rng = random.Random(f"{seed}-{split}")
    own = [(r, c) for r in reports if r.split == split and (c := condition_of(r))]
    neutral = sorted(
        {s for r, c in own if c == "normal" for s in sentences(r.text) if not _LUNGS.search(s)}
    )
    found = [*_from_reports(own), *_made(rng, neutral, made)]
    unique = {p.text.lower(): p for p in reversed(found)}
    return list(reversed(unique.values()))


def _from_reports(own: list[tuple[Report, str]]) -> Iterator[Pair]:
    for report, condition in own:
        for part, origin in (
            (report.text, "report"), (report.impression, "impression"),
            (report.findings, "findings"),
        ):  # fmt: skip
            if part and (condition == "normal" or affirms(part)):
                yield Pair(part, condition, origin)
        for sentence in sentences(report.text):
            if condition == "normal" or affirms(sentence):
                yield Pair(sentence, condition, "sentence")


def affirms(text: str) -> bool:
    """Whether some sentence names an airspace finding without denying or closing it."""
    return any(_FINDING.search(s) and not _DENIED.search(s) for s in sentences(text))


def _made(rng: random.Random, neutral: list[str], number: int) -> Iterator[Pair]:
    for frame in FRAMES:
        for kind in KINDS:
            # denied and closed findings of every kind share one condition: fewer of each
            for n in range(number if kind == "pneumonia" else number // 2):
                text, condition = phrase(rng, frame, kind)
                if n % 2 and neutral:
                    around = rng.sample(neutral, min(len(neutral), rng.randint(1, 4)))
                    around.insert(rng.randint(0, len(around)), text)
                    text = " ".join(around)
                elif n % 8 == 0:
                    text = text.rstrip(".")
                yield Pair(text, condition, frame)


def summary(pairs: list[Pair]) -> dict[str, dict[str, int]]:
    """Number of texts by condition and origin, for the card."""
    found: dict[str, dict[str, int]] = {c: {} for c in CONDITIONS}
    for pair in pairs:
        counts = found[pair.condition]
        counts[pair.origin] = counts.get(pair.origin, 0) + 1
    return found
