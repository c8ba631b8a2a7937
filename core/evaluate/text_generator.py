"""Evaluate a generator from text: does the image follow the text, and is it real-looking?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import Card
from core.data.dataset import DomainData
from core.evaluate import generator as fidelity
from core.evaluate.features import describe, find_encoder
from core.evaluate.intervals import bootstrap_mean, share
from core.evaluate.negation_set import NEGATION_SET, PARAPHRASES
from core.evaluate.real_sets import MAIN, RealSets
from core.evaluate.sampling import SEED_STEP
from core.registry import Loaded, Registry
from core.services.classification import probabilities
from core.services.text import batch, encoder_of, expected, judge_of
from core.services.text_options import options_of
from core.text.conditions import CONDITIONS, IMAGE_CLASSES, condition_of
from core.text.encoder import TextEncoder
from core.text.reports import read_reports

BATCH = 16
DEFINITIONS = {
    "agreement": "Share of images whose condition, by an independent classifier that never saw a "
    "synthetic image (null where none knows the condition), is the one of the text. Texts: "
    "findings and impression of OpenI's test "
    "part with the indexers' labels; kinds of pneumonia are named in hand-written sentences.",
    "real": "The same classifier's share right on the official test images of the condition: the "
    "agreement that real images reach.",
    "read": "The same for what the generator itself reads in the text, before it draws.",
    "negation": "Hand-written sentences that deny, close, hedge or affirm a finding; hedged ones "
    "count as present (U-Ones, Irvin et al. 2019). An image is right where the classifier's answer "
    "fits the sentence's condition.",
    "paraphrase": "Mean absolute difference in grey levels between images of the same seed and "
    "different wordings, over that between images of one wording and different seeds: 0 means the "
    "wording does not matter, 1 that it matters as much as the seed.",
    **{k: v for k, v in fidelity.DEFINITIONS.items() if k != "classification_score"},
}


class Drawer:
    """Draws and judges images of many texts.

    Args:
        registry: generator and classifiers.
        card: of the generator.
        options: of the sampling.
    """

    def __init__(self, registry: Registry, card: Card, options: dict[str, float] | None) -> None:
        self.registry, self.card = registry, card
        self.options = options_of(registry, card, options)
        self.loaded: Loaded = registry.get(card.id)
        self.encoder: TextEncoder = encoder_of(card)
        self.read: dict[str, str] = {}

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        """One image per text and seed, (N, S, S, C) uint8."""
        found = []
        for start in range(0, len(texts), BATCH):
            part = list(texts[start : start + BATCH])
            tokens = self.encoder.tokenise(part)
            states = self.encoder.embed(tokens.ids, tokens.mask)
            own = list(seeds[start : start + BATCH])
            found.append(batch(self.loaded, states, tokens.mask, own, self.options))
            with torch.inference_mode():
                device = self.loaded.device
                heard = self.loaded.module.listen(  # type: ignore[operator]
                    states.to(device), tokens.mask.to(device)
                )
            rows = heard.logits.argmax(1).tolist()
            self.read |= {t: self.card.classes[k] for t, k in zip(part, rows)}
        return np.concatenate(found)

    def right(self, pixels: np.ndarray, conditions: Sequence[str]) -> np.ndarray:
        """Whether the classifier's answer fits each image's condition.

        Returns:
            (N,) of 1 and 0, NaN where no classifier knows the condition.
        """
        found = np.full(len(pixels), np.nan)
        wanted = np.array(conditions)
        for condition in np.unique(wanted):
            judge = judge_of(self.registry, str(condition))
            if judge is None:
                continue
            rows = np.flatnonzero(wanted == condition)
            table = probabilities(self.registry.get(judge.id), [pixels[i].squeeze() for i in rows])
            good = expected(judge.classes, str(condition))
            labels = [judge.classes[k] for k in decide(judge, table)]
            found[rows] = [label in good for label in labels]
        return found


def known_share(hits: np.ndarray) -> dict[str, Any] | None:
    """Share of hits where a classifier could tell; None where it never could."""
    known = hits[~np.isnan(hits)]
    return share(known == 1) if len(known) else None


def decide(judge: Card, table: np.ndarray) -> np.ndarray:
    """A classifier's answers, (N,), by its validation threshold where it has two classes."""
    threshold = judge.calibration.get("threshold")
    if table.shape[1] == 2 and threshold is not None:
        return (table[:, 1] >= float(threshold)).astype(int)
    return table.argmax(1)


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    paths: list[Path],
    n: int = 200,
    seeds: Sequence[int] = (0, 1, 2),
    splits: Sequence[str] = ("val",),
    options: dict[str, float] | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Agreement, negation, paraphrases, diversity, copies and fidelity of a generator from text.

    Args:
        registry: generator, encoder and classifiers.
        model_id: the generator.
        data: its domain, at its preprocessing.
        paths: archives, among them one with reports.
        n: images per condition for agreement, and of real images to compare with.
        seeds: sampling seeds of the fidelity figures.
        splits: held-out splits of the real images.
        options: sampling options; the model's own otherwise.
        progress: called with the share done.

    Returns:
        What was written to `metrics.json`.

    Raises:
        CheckpointError: no such model.
        DataError: no reports.
    """
    start, card = time.monotonic(), registry.card(model_id)
    drawer = Drawer(registry, card, options)
    texts = held_out_texts(paths)
    step = _steps(progress, 3 + len(seeds))
    result: dict[str, Any] = {
        "task": card.task, "model": card.id, "model_files": card.files, "options": drawer.options,
        "images_seen": card.training.get("images_seen"), "seeds": list(seeds),
        "judges": {c: j.id for c in CONDITIONS if (j := judge_of(registry, c))},
    }  # fmt: skip
    result["agreement"] = step(agreement(drawer, texts, n))
    for condition, found in result["agreement"].items():
        found["real"] = judged_real(drawer, data, condition)
    result["negation"] = step(negation(drawer))
    result["paraphrase"] = step(paraphrase(drawer))
    real = RealSets(registry, data, data.domain.class_ids, n, splits)
    rounds = [step(_round(drawer, data, real, texts, seed)) for seed in seeds]
    result |= {"n": len(real), "splits": list(splits), "resolution": card.preprocess().size}
    result |= _fidelity(real, rounds)
    result |= {"definitions": DEFINITIONS, "seconds": round(time.monotonic() - start, 1)}
    return fidelity.write(registry, model_id, result)


def _fidelity(real: RealSets, rounds: list[fidelity.Round]) -> dict[str, Any]:
    """The figures of a generator by class, for images drawn from texts."""
    pixels = np.concatenate([pixels for pixels, _, _ in rounds])
    features = np.concatenate([spaces[MAIN] for _, spaces, _ in rounds])
    return {
        **fidelity.summarise([figures for _, _, figures in rounds]),
        "real": fidelity.compare(real.held, real.floor, real.other, 0),
        "ms_ssim": fidelity.similarity(real, pixels, np.tile(real.held_classes, len(rounds))),
        "copies": fidelity.copies(real, pixels, features),
    }


def held_out_texts(paths: list[Path]) -> dict[str, list[str]]:
    """Texts never trained on, by condition: OpenI's test part, and sentences that name a kind.

    Raises:
        DataError: no report in the archives.
    """
    reports = [r for r in read_reports(paths) if r.split == "test"]
    found: dict[str, list[str]] = {c: [] for c in CONDITIONS}
    for report in reports:
        condition = condition_of(report)
        if condition and report.text not in found[condition]:
            found[condition].append(report.text)
    for condition in ("bacterial", "viral", "covid19"):
        named = [t for _, c, t in NEGATION_SET if c == condition]
        named += [t for c, group in PARAPHRASES if c == condition for t in group]
        found[condition] = named
    return found


def agreement(drawer: Drawer, texts: dict[str, list[str]], n: int) -> dict[str, Any]:
    """Per condition: share of images that agree, share read right, with intervals."""
    found = {}
    for condition, own in texts.items():
        chosen = [own[i % len(own)] for i in range(n)] if own else []
        if not chosen:
            continue
        pixels = drawer.draw(chosen, range(n))
        read = np.array([drawer.read[t] == condition for t in dict.fromkeys(chosen)])
        found[condition] = {
            "agreement": known_share(drawer.right(pixels, [condition] * n)),
            "read": share(read),
            "texts": len(read),
        }
    return found


def judged_real(drawer: Drawer, data: DomainData, condition: str) -> dict[str, Any] | None:
    """The judge's share right on the official test images of a condition; None where none can be.

    Args:
        drawer: knows the judges.
        data: images of the domain.
        condition: one of `CONDITIONS`.
    """
    wanted = [data.domain.class_ids.index(c) for c in IMAGE_CLASSES[condition]]
    test = data.indices("test")
    rows = test[np.isin(data.class_index[test], wanted)]
    if not len(rows):
        return None
    return known_share(drawer.right(np.asarray(data.images[rows]), [condition] * len(rows)))


def negation(drawer: Drawer, each: int = 2) -> dict[str, Any]:
    """Share right by group of sentences and over all, with what failed."""
    rows = [row for row in NEGATION_SET for _ in range(each)]
    pixels = drawer.draw([t for _, _, t in rows], range(len(rows)))
    right = drawer.right(pixels, [c for _, c, _ in rows])
    groups = np.array([g for g, _, _ in rows])
    read = np.array([drawer.read[t] == c for _, c, t in NEGATION_SET])
    missed = sorted({t for (_, _, t), good in zip(rows, right) if good == 0})
    unjudged = [t for (_, c, t) in NEGATION_SET if judge_of(drawer.registry, c) is None]
    return {
        "all": known_share(right),
        **{str(g): known_share(right[groups == g]) for g in dict.fromkeys(groups)},
        "read": share(read),
        "misread": [t for (_, _, t), good in zip(NEGATION_SET, read) if not good],
        "missed": missed,
        "unjudged": unjudged,
        "images_per_sentence": each,
    }


def paraphrase(drawer: Drawer, seeds: Sequence[int] = (0, 1)) -> dict[str, Any]:
    """How much the wording changes an image, beside how much the seed does."""
    wording, seed, right = [], [], []
    for condition, group in PARAPHRASES:
        grid = np.stack([drawer.draw(group, [s] * len(group)) for s in seeds]).astype(float)
        wording += [np.abs(g - g[0]).mean((1, 2, 3))[1:].mean() for g in grid]
        seed += list(np.abs(grid[1:] - grid[:1]).mean((2, 3, 4)).mean(0))
        flat = grid.reshape(-1, *grid.shape[2:]).astype(np.uint8)
        right += list(drawer.right(flat, [condition] * len(flat)))
    ratio = np.array(wording) / np.mean(seed)
    return {
        "wording": float(np.mean(wording)),
        "seed": float(np.mean(seed)),
        "sensitivity": {"value": float(ratio.mean()), "ci": bootstrap_mean(ratio)},
        "agreement": known_share(np.array(right)),
        "groups": len(PARAPHRASES),
    }


def _round(
    drawer: Drawer,
    data: DomainData,
    real: RealSets,
    texts: dict[str, list[str]],
    seed: int,
) -> fidelity.Round:
    """As many images as real ones, with texts that their classes match."""
    classes = data.domain.class_ids
    chosen = [_text_for(classes[c], texts, k) for k, c in enumerate(real.held_classes)]
    pixels = drawer.draw(chosen, [seed * SEED_STEP + k for k in range(len(chosen))])
    spaces = describe(find_encoder(drawer.registry, data.domain.id), pixels)
    return pixels, spaces, fidelity.compare(real.held, real.floor, spaces, seed)


def _text_for(class_id: str, texts: dict[str, list[str]], k: int) -> str:
    """A text of the narrowest condition that means an image class."""
    known = [c for c in CONDITIONS if class_id in IMAGE_CLASSES[c] and texts.get(c)]
    own = texts[min(known, key=lambda c: len(IMAGE_CLASSES[c]))]
    return own[k % len(own)]


def _steps(progress: Callable[[float], None] | None, total: int) -> Callable[[Any], Any]:
    done = 0

    def step(value: Any) -> Any:
        nonlocal done
        done += 1
        if progress:
            progress(done / total)
        return value

    return step
