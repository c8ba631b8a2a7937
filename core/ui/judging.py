"""Verdicts on uploads, kept for the session by the bytes they were computed from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.errors import CancelledError, SynthLensError, UnreadableImageError
from core.images import LoadedImage
from core.registry import Registry
from core.services.detection import Verdict, detect
from core.ui.text import cell
from core.ui.uploads import Upload, read, thumbnail
from core.ui.words import NAMES

BATCH = 16
MOST_KEPT = 400


@dataclass
class Judged:
    """One file's outcome: a verdict, or the sentence that says why there is none."""

    name: str
    sha256: str
    thumb: np.ndarray | None = None
    verdict: Verdict | None = None
    error: str = ""


def judge_all(
    registry: Registry,
    uploads: list[Upload],
    domain: str,
    model: str,
    stability: bool,
    progress: Callable[[float], None] | None = None,
) -> list[Judged]:
    """Judge every upload once per session; later calls answer from memory.

    Args:
        registry: where models come from.
        uploads: files in the user's order.
        domain: domain id.
        model: detector id.
        stability: also judge re-encodings.
        progress: called with the share done.

    Returns:
        One outcome per upload, in order; a file that cannot be read does not stop the rest.

    Raises:
        CancelledError: cancelled; the batches finished by then are kept.
    """
    kept: dict[tuple[Any, ...], Judged] = st.session_state.setdefault("_judged", {})
    key = {u.sha256: (u.sha256, domain, model, stability) for u in uploads}
    missing = list({u.sha256: u for u in uploads if key[u.sha256] not in kept}.values())
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        for outcome in _judge(registry, batch, domain, model, stability):
            kept[key[outcome.sha256]] = outcome
        if progress:
            progress((start + len(batch)) / len(missing))
    found = [kept[key[u.sha256]] for u in uploads]
    while len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept)))
    return [Judged(u.name, u.sha256, o.thumb, o.verdict, o.error) for u, o in zip(uploads, found)]


def _judge(
    registry: Registry, batch: list[Upload], domain: str, model: str, stability: bool
) -> list[Judged]:
    outcomes, images = [], []
    for upload in batch:
        outcome = Judged(upload.name, upload.sha256)
        outcomes.append(outcome)
        try:
            image: LoadedImage = read(upload)
        except UnreadableImageError as error:
            outcome.error = str(error)
            continue
        outcome.thumb = thumbnail(image.pixels)
        images.append((outcome, image.pixels))
    try:
        verdicts = detect(registry, [p for _, p in images], domain, model, stability)
    except CancelledError:  # nothing is known of these files: they are judged when asked again
        raise
    except SynthLensError as error:
        for outcome, _ in images:
            outcome.error = str(error)
        return outcomes
    for (outcome, _), verdict in zip(images, verdicts):
        outcome.verdict = verdict
    return outcomes


def table(outcomes: list[Judged]) -> list[dict[str, Any]]:
    """Rows for a table or CSV: file, verdict, probability, re-encodings that agree, remark."""
    return [_row(outcome) for outcome in outcomes]


def _row(outcome: Judged) -> dict[str, Any]:
    verdict = outcome.verdict
    if verdict is None:
        return {"File": cell(outcome.name), "Verdict": "unreadable", "Remark": outcome.error}
    strip = verdict.stability
    same = sum(s["verdict"] == strip[0]["verdict"] for s in strip[1:])
    return {
        "File": cell(outcome.name),
        "Verdict": NAMES[verdict.verdict],
        "p synthetic": verdict.p_synthetic,
        "Re-encodings that agree": f"{same} of {len(strip) - 1}" if strip else "",
        "Remark": verdict.reasons[-1] if verdict.reasons else "",
    }
