"""Evaluate translators between MRI and CT on whole aligned cases that they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import Card, read_metrics, write_json
from core.data.archive import open_all
from core.errors import DataError
from core.evaluate.foreign import foreign_images
from core.evaluate.intervals import share
from core.evaluate.kid import kid
from core.evaluate.translation_cases import by_case, known_only, summary, write_comparison
from core.registry import Registry
from core.translation import scope
from core.translation.apply import translate_slices
from core.translation.drawn import drawn_head, fit
from core.translation.head import dice, head_mask, skull_and_brain
from core.translation.similarity import inside, ssim_map
from core.translation.slices import Slices, read_slices
from core.translation.window import Window

LEAST_BRAIN = 0.02  # of the picture: near skull base and vertex there is no brain to compare
NOTE = (
    "HU figures hold within the stated window alone: bone, air and fat beyond it are cut off, so "
    "they are not comparable with errors over the whole Hounsfield scale."
)


def read_data(card: Card, paths: list[Path]) -> Slices:
    """The slices at a translator's size."""
    return read_slices(paths, int(card.config["size"]))


def evaluate(
    registry: Registry,
    model_id: str,
    data: Slices,
    paths: list[Path] | None = None,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Measure both directions, fit the scope, compare with CycleGAN by case.

    Args:
        registry: holds the translator and the encoder.
        model_id: the translator.
        data: prepared slices.
        paths: archives; other domains' images among them test the scope.
        progress: called with the share done.

    Returns:
        What was written into the translator's `metrics.json`.

    Raises:
        CheckpointError: no such model, or no encoder.
        DataError: every aligned case was trained on.
    """
    say = progress or (lambda _: None)
    loaded = registry.get(model_id)
    card = loaded.card
    positions = unseen(card, data)
    window = Window(**card.calibration.get("window", {}))
    result: dict[str, Any] = {"task": "translator", "resolution": data.size, "n": len(positions)}
    result |= {"window": vars(window), "note": NOTE, "cases_used": card.calibration["cases"]}
    for k, direction in enumerate(("mri_to_ct", "ct_to_mri")):
        found = measure_direction(registry, model_id, data, positions, direction, window)
        result[direction] = found
        say(0.1 + 0.35 * k)
    result["baseline_drawn_head"] = measure_baseline(data, positions, window)
    say(0.6)
    scope.fit(registry, model_id, data)
    result["scope"] = measure_scope(registry, model_id, data, positions, paths or [])
    say(0.95)
    folder = registry.folder(model_id)
    write_json(folder / "metrics.json", {**read_metrics(folder), **known_only(result)})
    write_comparison(registry, card.domain)
    say(1.0)
    return read_metrics(folder)


def unseen(card: Card, data: Slices) -> np.ndarray:
    """Positions of aligned slices of cases neither trained nor chosen on.

    Raises:
        DataError: there are none.
    """
    cases = card.calibration["cases"]
    seen = [*cases["train"], *cases["val"]]
    wanted = np.isin(data.pair_case, cases["test"]) & ~np.isin(data.pair_case, seen)
    if not wanted.any():
        raise DataError(f"No aligned case is left that {card.id} has not seen.")
    return np.flatnonzero(wanted)


def measure_direction(
    registry: Registry,
    model_id: str,
    data: Slices,
    positions: np.ndarray,
    direction: str,
    window: Window,
) -> dict[str, Any]:
    """Errors by case with intervals, and KID to real slices of the target's kind."""
    source, target = ("mri", "ct") if direction == "mri_to_ct" else ("ct", "mri")
    given = getattr(data, f"pair_{source}")[positions]
    truth = getattr(data, f"pair_{target}")[positions]
    masks = getattr(data, f"pair_{target}_mask")[positions]
    own_masks = getattr(data, f"pair_{source}_mask")[positions]
    out, cycle = translate_slices(registry.get(model_id), given, direction)
    rows = [
        errors(o, t, m, target, window) | {"cycle": float(np.abs(c.astype(float) - g)[own].mean())}
        for o, t, m, c, g, own in zip(out, truth, masks, cycle, given, own_masks)
    ]
    cases = by_case(rows, data.pair_subject[positions])
    found = {**summary(cases), "cases": cases, "slices": len(rows)}
    return found | {"kid": measure_kid(registry, data, target, out)}


def errors(
    output: np.ndarray, truth: np.ndarray, mask: np.ndarray, target: str, window: Window
) -> dict[str, float]:
    """Figures of one slice, inside the true head.

    Args:
        output, truth: (S, S) uint8.
        mask: (S, S) bool, the head in `truth`.
        target: "ct" or "mri".
        window: of the grey levels.

    Returns:
        "mae" and "mae_hu" (CT), "psnr" in dB, "ssim", and Dice overlaps with the true head and,
        for CT, skull and brain (NaN where the truth shows none).
    """
    a, b = output.astype(np.float32), truth.astype(np.float32)
    error = (a - b)[mask]
    mae, mse = float(np.abs(error).mean()), float(np.square(error).mean())
    x, y = (torch.from_numpy(z / 255)[None, None] for z in (a, b))
    inner = torch.from_numpy(mask.astype(np.float32))[None, None]
    found = {
        "mae": mae,
        "psnr": 10 * float(np.log10(255**2 / max(mse, 1e-9))),
        "ssim": float(inside(ssim_map(x, y), inner)),
        "dice_head": dice(head_mask(output, target), mask),
    }
    if target == "ct":
        own, true = skull_and_brain(output, head_mask(output, target)), skull_and_brain(truth, mask)
        found["mae_hu"] = window.error_hu(mae)
        found["dice_skull"] = dice(own[0], true[0])
        enough = true[1].mean() >= LEAST_BRAIN
        found["dice_brain"] = dice(own[1], true[1]) if enough else float("nan")
    return found


def measure_kid(registry: Registry, data: Slices, target: str, out: np.ndarray) -> dict[str, Any]:
    """KID of translations to real slices of other people, beside that of real to real."""
    images, split = getattr(data, target), getattr(data, f"{target}_split")
    held = images[split == ("test" if (split == "test").any() else "val")]
    train = images[split == "train"]
    train = train[:: max(1, len(train) // 300)]
    real, fake, other = (scope.measure(registry, x)[0] for x in (train, out, held))
    (value, deviation), (floor, floor_sd) = kid(fake, real), kid(other, real)
    return {"value": value, "sd": deviation, "real": floor, "real_sd": floor_sd, "n": len(out)}


def measure_baseline(data: Slices, positions: np.ndarray, window: Window) -> dict[str, Any]:
    """The same figures for the drawn head, which looks at nothing but the outline."""
    settings = fit(data)
    rows = []
    for i in positions:
        drawn = drawn_head(data.pair_mri_mask[i], **settings)
        rows.append(errors(drawn, data.pair_ct[i], data.pair_ct_mask[i], "ct", window))
    cases = by_case(rows, data.pair_subject[positions])
    return {**summary(cases), "cases": cases, "settings": settings}


def measure_scope(
    registry: Registry, model_id: str, data: Slices, positions: np.ndarray, paths: list[Path]
) -> dict[str, Any]:
    """How many unseen slices are let in, and how many foreign images are refused."""
    foreign = {k: v for k, v in foreign_images(0, scope.FOREIGN).items() if k != "blank"}
    foreign |= other_domains(paths)
    found: dict[str, Any] = {}
    for modality, other in (("mri", "ct"), ("ct", "mri")):
        own = getattr(data, f"pair_{modality}")[positions]
        kinds = {**foreign, f"{other} of the head": list(getattr(data, f"pair_{other}")[positions])}

        def let_in(images: list[np.ndarray], modality: str = modality) -> np.ndarray:
            decisions = scope.decide(registry, model_id, images, modality, data.size)
            return np.array([d.in_scope for d in decisions])

        found[modality] = {"let_in": share(let_in(list(own)))}
        found[modality]["refused"] = {k: share(~let_in(v)) for k, v in kinds.items()}
    return found


def other_domains(paths: list[Path], most: int = 60) -> dict[str, list[np.ndarray]]:
    """Some images of every other archive at hand, by archive."""
    from core.data.cache import decode

    found: dict[str, list[np.ndarray]] = {}
    for archive in open_all([p for p in paths if p.suffix != ".npz"]):
        names = [n for n in archive.names() if n.lower().endswith((".jpg", ".jpeg", ".png"))]
        if not names or any("unpaired/" in n for n in names):
            continue
        chosen = names[:: max(1, len(names) // most)][:most]
        found[archive.path.stem] = [decode(archive.read(n), n) for n in chosen]
    return found
