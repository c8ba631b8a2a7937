"""How guidance trades variety for agreement with the text, on validation texts alone.

Classifier-free guidance (Ho & Salimans 2022, sec. 4) makes images follow the condition more and
differ less. The amount a generator from text then uses is the least that agrees about as well as
the best: the test part of the reports takes no part in the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.cards import write_json
from core.data.dataset import DomainData
from core.errors import CheckpointError, DataError
from core.evaluate.diversity import intra_class
from core.evaluate.text_generator import Drawer, known_share
from core.registry import Registry
from core.services.text import judge_of
from core.services.text_options import GUIDANCE_FILE
from core.text.conditions import condition_of
from core.text.reports import read_reports

AMOUNTS = (1.0, 1.5, 2.5, 4.0, 6.0)
CONDITIONS = ("normal", "pneumonia")  # those that the reports' own labels tell
SLACK = 0.01  # of mean agreement given up for variety


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    paths: list[Path],
    n: int = 40,
    amounts: Sequence[float] = AMOUNTS,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Agreement and similarity at every amount of guidance; written to `guidance.json`.

    Args:
        registry: generator and classifiers.
        model_id: a generator from text.
        data: real images of its domain, whose validation split says how alike real ones are.
        paths: archives, among them one with reports.
        n: images per condition and amount; the same texts and seeds for all.
        amounts: of guidance.
        progress: called with the share done.

    Raises:
        CheckpointError: no such model, or no classifier to judge its images.
        DataError: no validation report of a condition.
    """
    card, texts = registry.card(model_id), validation_texts(paths)
    judges = {c: j.id for c in CONDITIONS if (j := judge_of(registry, c))}
    if not judges:
        raise CheckpointError("No classifier of real chest X-rays is here to judge the images.")
    lines = [texts[c][k % len(texts[c])] for c in CONDITIONS for k in range(n)]
    wanted = np.repeat(CONDITIONS, n)
    rows = []
    for done, amount in enumerate(amounts):
        drawer = Drawer(registry, card, {"guidance": amount})
        pixels = drawer.draw(lines, range(len(lines)))
        hits = drawer.right(pixels, wanted.tolist())
        agreed = {c: known_share(hits[wanted == c]) for c in CONDITIONS}
        alike = intra_class(pixels, np.repeat(np.arange(len(CONDITIONS)), n))
        rows.append({"guidance": amount, "agreement": agreed, "ms_ssim": alike})
        if progress:
            progress((done + 1) / len(amounts))
    result = {
        "model": card.id, "model_files": card.files, "n": n, "split": "val", "rows": rows,
        "texts": {c: len(texts[c]) for c in CONDITIONS},
        "judges": judges,
        "real_ms_ssim": _real_similarity(data),
        "slack": SLACK, "chosen": choose(rows),
    }  # fmt: skip
    write_json(registry.folder(card.id) / GUIDANCE_FILE, result)
    return result


def choose(rows: Sequence[dict[str, Any]]) -> float:
    """The least guidance whose mean agreement is at most `SLACK` below the best."""
    means = [float(np.mean([s["rate"] for s in r["agreement"].values() if s])) for r in rows]
    good = [r["guidance"] for r, mean in zip(rows, means) if mean >= max(means) - SLACK]
    return float(min(good))


def validation_texts(paths: list[Path]) -> dict[str, list[str]]:
    """Distinct texts of the reports' validation part, by condition.

    Raises:
        DataError: none of a condition.
    """
    found: dict[str, dict[str, None]] = {c: {} for c in CONDITIONS}
    for report in read_reports(paths):
        condition = condition_of(report)
        if report.split == "val" and condition:
            found[condition][report.text] = None
    if lacking := [c for c, own in found.items() if not own]:
        raise DataError(f"The archives hold no validation report of: {', '.join(lacking)}.")
    return {c: list(own) for c, own in found.items()}


def _real_similarity(data: DomainData) -> dict[str, Any]:
    """MS-SSIM of pairs of real validation images of one condition."""
    rows = data.indices("val")
    healthy = data.class_index[rows] == data.domain.class_ids.index("normal")
    return intra_class(np.asarray(data.images[rows]), (~healthy).astype(int))
