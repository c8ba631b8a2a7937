"""Work through the cells of a study: resumable after a kill, in shards, bounded in time.

A finished cell is a pair of files in `<out>/cells/`: `<key>.npz` (test logits) and, written last,
`<key>.json`. A cell whose file carries another digest of the settings is trained anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import Card, write_json
from core.errors import DataError
from core.evaluate import calibration, seeds
from core.study.answer import arm_words
from core.study.cell import Trained, settings_of, train_cell
from core.study.grid import Cell, arm, cells, digest
from core.study.material import Material
from core.study.provenance import leaks
from core.training.publish import publish
from core.training.run import Run

Progress = Callable[[int, int, Cell], None]


def run_cells(
    material: Material,
    config: dict[str, Any],
    out: Path,
    shard: tuple[int, int] = (0, 1),
    time_budget: float | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Train every cell that is not there yet, in the order of the grid.

    Args:
        material: data and packs.
        config: of the study.
        out: folder of this study's cells.
        shard: (i, n): work on every n-th cell from the i-th, so that n processes share a GPU.
        time_budget: seconds; no cell is begun after them.
        progress: called with cells done, cells in this shard, and the cell just finished.

    Returns:
        Counts: `done`, `found` (of earlier runs), `missing` (too few synthetic images), `left`.
    """
    if material.pool.device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    start, mark = time.monotonic(), digest(config)
    if shard[0] == 0:  # one writer is enough
        write_json(out / "study.json", describe(material, config))
    plan = cells(config, list(material.packs))[shard[0] :: shard[1]]
    tally = {"done": 0, "found": 0, "missing": 0, "left": 0}
    for number, cell in enumerate(plan):
        if finished(out, cell, mark):
            tally["found"] += 1
            continue
        if time_budget is not None and time.monotonic() - start > time_budget:
            tally["left"] += 1
            continue
        tally["done" if _one(cell, material, config, out, mark) else "missing"] += 1
        if progress:
            progress(number + 1, len(plan), cell)
    return tally


def finished(out: Path, cell: Cell, mark: str) -> bool:
    """Whether a cell was trained with these settings."""
    path = out / "cells" / f"{cell.key}.json"
    if not path.exists():
        return False
    content = json.loads(path.read_text())
    return bool(content["digest"] == mark and "missing" not in content)


def describe(material: Material, config: dict[str, Any]) -> dict[str, Any]:
    """What all cells share: settings, data, packs, and the test images' truth."""
    data = material.data
    return {
        "config": config,
        "digest": digest(config),
        "labels": list(data.domain.task(material.task).labels),
        "data": data.provenance(),
        "packs": {name: pack.about for name, (pack, _) in material.packs.items()},
        "leaks": {
            name: leaks(pack.about.get("trained_on", {}), data)
            for name, (pack, _) in material.packs.items()
        },
        "held_out": len(material.held.labels),
        "test_index": material.test.tolist(),
        "test_labels": material.test_labels.tolist(),
        "test_clean": material.test_clean.astype(int).tolist(),
    }


def _one(cell: Cell, material: Material, config: dict[str, Any], out: Path, mark: str) -> bool:
    """Train and write one cell; False where the pack was too small for it."""
    content: dict[str, Any] = {"digest": mark, **vars(cell)}
    path = out / "cells" / f"{cell.key}.json"
    try:
        trained = train_cell(cell, material, config)
    except DataError as error:
        write_json(path, content | {"missing": str(error)})
        return False
    fitted = fit(trained, material)
    content |= fitted | {
        "counts": trained.counts, "seconds": trained.seconds, "curve": trained.curve,
        "test": seeds.on_test_sets(
            trained.test, material.test_labels, material.test_clean, fitted
        ),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path.with_suffix(".npz"), test=trained.test.astype(np.float16))
    write_json(path, content)
    if cell.key in config.get("keep", []):
        keep(cell, trained, material, config, fitted, out)
    return True


def fit(trained: Trained, material: Material) -> dict[str, Any]:
    """Temperature and, for two labels, threshold, on the held-out images."""
    labels = material.held.labels
    temperature = calibration.fit_temperature(trained.held, labels)
    fitted: dict[str, Any] = {"temperature": temperature}
    if trained.held.shape[1] == 2:
        p = calibration.probabilities(trained.held, temperature)
        fitted["threshold"] = calibration.best_threshold(p[:, 1], labels)
    return fitted


def keep(
    cell: Cell, trained: Trained, material: Material, config: dict[str, Any],
    fitted: dict[str, Any], out: Path,
) -> Card:  # fmt: skip
    """Publish a cell's weights as a checkpoint, so that a page can ask it about an image."""
    own = material.data.domain
    name = f"study-{cell.model}-{cell.share * 100:g}-{cell.arm.replace('@', '-')}"
    run = Run(out / "kept" / name, config | {"seed": cell.seed})
    for look in trained.curve:
        run.step, run.images_seen = int(look["step"]), int(look["step"]) * _batch(config)
        run.log(**{k: v for k, v in look.items() if k != "step"})
    card = Card(
        id=f"{own.id}/{name}", domain=own.id, task="classifier", family=cell.model,
        title=f"Study, {cell.share:.0%}: {arm_words(cell.arm)}",
        config=settings_of(cell, material, config),
        classes=list(own.task(material.task).labels),
        preprocessing=material.recipe.to_dict(), calibration=fitted,
        limits=["A cell of the augmentation study, trained briefly.", *own.caveats],
        licence=config.get("licence", ""),
    )  # fmt: skip
    card.training = run.summary([material.data.provenance()])
    card.training |= {"task": material.task, "set": note(cell, trained, material)}
    return publish(run, card, trained.module)


def _batch(config: dict[str, Any]) -> int:
    return int(config["train"].get("batch", 128))


def note(cell: Cell, trained: Trained, material: Material) -> dict[str, Any]:
    """What a cell trained on, in the words of a classifier's card."""
    what = arm(cell.arm)
    total = int(sum(trained.counts))
    added = round(total * what.ratio / (what.ratio + 1)) if what.keep_real else total
    about: dict[str, Any] = {"real": total - added, "share": cell.share}
    if what.ratio:
        source = "duplicates" if not what.synthetic else what.source
        about |= {"added": added, "ratio": what.ratio, "source": source}
    if what.synthetic:
        about["generators"] = [material.packs[what.source][0].about["model"]]
    return about | {"study": cell.key}


def read_cells(out: Path) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """Every cell's file with its test logits (T, K), or None where it is missing.

    Raises:
        DataError: no study in this folder.
    """
    if not (out / "study.json").exists():
        raise DataError(f"No study in {out}; run 'python -m core study augmentation' first.")
    mark = json.loads((out / "study.json").read_text())["digest"]
    for path in sorted((out / "cells").glob("*.json")):
        content = json.loads(path.read_text())
        if content["digest"] != mark:
            continue
        whole = "missing" not in content
        yield content, np.load(path.with_suffix(".npz"))["test"] if whole else None
