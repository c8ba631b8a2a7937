"""Do the intervals cover the truth? Simulated studies, analysed like real ones, many times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from core.evaluate.intervals import wilson
from core.readers import simulate, truth
from core.readers.analysis.agreement import cohen, fleiss
from core.readers.analysis.detection import detection, reader_lines
from core.readers.analysis.diagnosis import diagnosis
from core.readers.analysis.preference import bradley_terry
from core.readers.analysis.ratings import interpretability, likert
from core.readers.analysis.times import times
from core.readers.questions import CAUSABILITY_ITEMS, RATINGS
from core.readers.simulate import Person, Skill

SETTINGS = ((6, 40), (10, 60), (20, 50))  # readers, cases per task
METHODS = ("edge", "gradcam", "ig", "shap")
LABELS = ("NORMAL", "PNEUMONIA")
PART = 10  # studies a worker makes at a time
Row = tuple[float, float, float, float]  # value, low, high, truth
Found = Iterator[tuple[str, Any, float]]  # name, interval, truth


def coverage(
    repetitions: int = 1000,
    settings: tuple[tuple[int, int], ...] = SETTINGS,
    seed: int = 0,
    skill: Skill | None = None,
    progress: Callable[[int, int], None] | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """How often each 95 % interval holds the true value, in repeated simulated studies.

    Args:
        repetitions: studies per setting; each has new readers, new images, new noise.
        settings: numbers of readers and cases.
        seed: of the first study; study i has seed + i.
        skill: the population.
        progress: called with studies done and all.
        workers: processes; the results do not depend on it.

    Returns:
        Per setting and figure: "covered" share with its own 95 % interval, "repetitions", "truth"
        (mean), "mean" estimate and mean "width".
    """
    population, results, done = skill or Skill(), [], 0
    total = repetitions * len(settings)
    for readers, cases in settings:
        parts = [
            (population, readers, cases, range(seed + at, seed + min(at + PART, repetitions)))
            for at in range(0, repetitions, PART)
        ]
        tally: dict[str, list[Row]] = defaultdict(list)
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for found in pool.map(_studies, parts) if workers > 1 else map(_studies, parts):
                for name, rows in found.items():
                    tally[name] += rows
                done += PART
                if progress:
                    progress(min(done, total), total)
        figures = {name: _summary(np.array(rows)) for name, rows in tally.items()}
        results.append({"readers": readers, "cases": cases, "figures": figures})
    return {
        "simulated": True,
        "level": 0.95,
        "seed": seed,
        "repetitions": repetitions,
        "population": vars(population),
        "settings": results,
    }


def _studies(part: tuple[Skill, int, int, range]) -> dict[str, list[Row]]:
    skill, readers, cases, seeds = part
    found: dict[str, list[Row]] = defaultdict(list)
    for seed in seeds:
        rng = np.random.default_rng([seed, readers, cases])
        for name, figure, true in _study(skill, readers, cases, rng):
            if figure["value"] is not None:
                found[name].append((figure["value"], *figure["ci"], true))
    return dict(found)


def _summary(rows: np.ndarray) -> dict[str, Any]:
    value, low, high, true = rows.T
    hits = (low <= true) & (true <= high)
    return {
        "covered": float(hits.mean()),
        "ci": list(wilson(int(hits.sum()), len(hits))),
        "repetitions": len(rows),
        "truth": float(true.mean()),
        "mean": float(value.mean()),
        "width": float((high - low).mean()),
    }


def _study(skill: Skill, readers: int, cases: int, rng: np.random.Generator) -> Found:
    people = [simulate.person(skill, rng) for _ in range(readers)]
    yield from _detection(skill, people, cases, rng)
    yield from _preference(skill, people, cases, rng)
    yield from _ratings(skill, people, cases, rng)
    yield from _diagnosis(skill, people, cases, rng)


def _rows(people: int, cases: int, **columns: Any) -> pd.DataFrame:
    """A table of answers, readers in turn, each all cases; columns are (R, C) or of length C."""
    shape = (people, cases)
    found: dict[str, Any] = {
        "reader": np.repeat(np.arange(people), cases),
        "case": np.tile(np.arange(cases), people),
        "role": "simulated reader",
        "years": 0,
        "seconds": np.nan,
    }
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            found[name] = np.broadcast_to(values, shape).ravel()
        else:
            found[name] = list(values) * people if len(values) == cases else values
    return pd.DataFrame(found)


def _detection(skill: Skill, people: list[Person], n: int, rng: np.random.Generator) -> Found:
    kind = np.arange(n) % 2
    case = skill.case_spread * rng.standard_normal(n)
    score = np.stack([simulate.sees(p, kind, case, rng) for p in people])
    signal = skill.detector * (kind - 0.5) + skill.detector_shared * case + rng.standard_normal(n)
    slow = skill.case_time * rng.standard_normal(n)
    seconds = np.stack([simulate.takes(p, slow, skill.time_noise, rng) for p in people])
    names = np.array(["real", "synthetic"])
    rows = _rows(
        len(people), n, score=score, choice=names[(score > 3).astype(int)], truth=names[kind],
        detector_call=names[(signal > 0).astype(int)], seconds=seconds,
    )  # fmt: skip
    found, true = detection(rows), truth.detection(skill)
    for name in ("accuracy", "sensitivity", "specificity", "d_prime", "auc"):
        yield name, found[name], true[name]
    yield "versus_detector", found["versus_detector"]["difference"], true["versus_detector"]
    alone = reader_lines(rows[rows["reader"] == 0])[0]
    yield "one_reader", alone["accuracy"], truth.one_reader(skill, people[0])
    yield "seconds", times(rows), skill.seconds
    said, kappa = (score > 3).astype(int), truth.kappas(skill, people)
    yield "fleiss_kappa", fleiss(said.T, 2), kappa["fleiss"]
    yield "cohen_kappa", cohen(said[:2].T, 2), kappa["cohen"]


def _preference(skill: Skill, people: list[Person], n: int, rng: np.random.Generator) -> Found:
    pairs = list(combinations(METHODS, 2))
    shown = [pairs[i % len(pairs)] for i in range(n)]
    case = skill.fit * rng.standard_normal(n)
    side = np.stack([simulate.prefers(p, shown, case, rng) for p in people])
    names = np.array(shown)
    rows = _rows(len(people), n, methods=shown, choice=names[np.arange(n), side])
    lines = {line["method"]: line for line in bradley_terry(rows)["methods"]}
    for method, true in zip(METHODS, truth.preference(skill, list(METHODS))):
        line = lines[method]
        yield f"bradley_terry_{method}", line | {"value": line["score"]}, float(true)


def _ratings(skill: Skill, people: list[Person], n: int, rng: np.random.Generator) -> Found:
    liking, item = skill.liking["gradcam"], next(iter(RATINGS))
    case = skill.rating_case * rng.standard_normal(n)
    said = [simulate.rates(p, np.full(n, liking), case, skill.rating_noise, rng) for p in people]
    rows = _rows(len(people), n, methods=[("gradcam",)] * n)
    rows["ratings"] = [{item: int(v)} for v in np.concatenate(said)]
    spread = np.sqrt(skill.lenience**2 + skill.rating_case**2 + skill.rating_noise**2)
    yield "rating", likert(rows)[0]["mean"], truth.rating(liking, float(spread))
    whole = pd.DataFrame({"reader": range(len(people)), "case": 0})
    whole["methods"] = [("gradcam",)] * len(people)
    flat = np.zeros(len(CAUSABILITY_ITEMS))
    whole["ratings"] = [
        dict(
            zip(
                CAUSABILITY_ITEMS,
                simulate.rates(p, flat + liking, flat, skill.rating_noise, rng).tolist(),
            )
        )
        for p in people
    ]
    spread = np.sqrt(skill.lenience**2 + skill.rating_noise**2)
    true = truth.rating(liking, float(spread)) / 5
    yield "human_interpretability", interpretability(whole)[0], true


def _diagnosis(skill: Skill, people: list[Person], n: int, rng: np.random.Generator) -> Found:
    case = skill.diagnosis_case * rng.standard_normal(n)
    right_model = rng.random(n) < skill.advice
    kind = np.arange(n) % 2
    names = np.array(LABELS)
    first = np.stack([simulate.diagnoses(p, case, rng) for p in people])
    unaided = np.where(first, kind, 1 - kind)
    advice = np.where(right_model, kind, 1 - kind)
    taken = np.stack([simulate.follows(p, n, rng) for p in people])
    aided = np.where((unaided != advice) & taken, advice, unaided)
    shared = {"truth": names[kind], "advice": names[advice], "methods": [("gradcam",)] * n}
    rows = pd.concat(
        [
            _rows(len(people), n, choice=names[said], **shared).assign(step=step, score=3)
            for step, said in enumerate((unaided, aided))
        ]
    )
    found, true = diagnosis(rows), truth.diagnosis(skill)
    for name in ("unaided", "aided", "gain"):
        yield name, found[name], true[name]
    for name, figure in found["reliance"].items():
        yield name, figure, true[name]
