"""Train MRI to CT and back: `train cyclegan --config configs/brain_mri/<name>.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import Card
from core.device import mixed
from core.models.base import Load, build
from core.models.translation.cyclegan import CycleGan
from core.registry import default_registry
from core.training.batches import save_grid
from core.training.ema import Ema
from core.training.gan_monitor import check_finite
from core.training.publish import publish
from core.training.run import Run
from core.training.translation_data import PairBatches, SliceBatches, stack
from core.training.translation_steps import (
    AlignedSteps,
    DrawnSteps,
    TranslationSteps,
    UnpairedSteps,
)
from core.translation.similarity import inside, ssim_map
from core.translation.slices import Slices, read_slices
from core.translation.window import BRAIN


def read_data(config: dict[str, Any], paths: list[Path]) -> list[Slices]:
    """The slices at a configuration's size, from archives or a prepared pack."""
    return [read_slices(paths, int(config["model"]["size"]))]


def train(config: dict[str, Any], data: list[Slices], run: Run, load: Load | None = None) -> Card:
    """Train on unpaired slices, or on aligned ones where `[train] fold` names the test cases.

    Args:
        config: `[model]` of the family "cyclegan"; `[train]` with `weights` of the losses,
            `window` (position-based selection), `warm` (share of the run that draws, see
            `DrawnSteps`), `fold` and `start` (aligned fine-tuning).
        data: one pack of slices.
        run: folder, budget and log.
        load: returns the model that fine-tuning starts from.

    Raises:
        TrainingStoppedError: a loss is not finite; the state before it is kept.
    """
    slices, table = data[0], config["train"]
    load = load or (lambda other: default_registry().get(other).module)
    steps, source = make_steps(config, slices, run, load)
    ema = Ema(steps.model, float(table.get("ema", 0.995)))
    watch = Watch(slices, run, table.get("fold"))
    restore(run, steps, ema.module)
    total = int(table.get("images", 100_000))
    while run.images_seen < total and not run.out_of_time():
        # Every step has its own seed: a resumed run repeats the uninterrupted one.
        torch.manual_seed(run.seed * 1_000_003 + run.step)
        steps.set_rate(max(run.images_seen / total, run.progress))
        values = steps.step(source)
        run.step += 1
        run.images_seen += steps.batch
        ema.update(steps.model, run.step)
        if run.every(float(table.get("log_seconds", 10)), "log"):
            plain = {k: float(v) for k, v in values.items()}
            check_finite(plain, run.step)
            run.log(**plain)
        if run.every(float(table.get("grid_seconds", 60)), "grid"):
            run.log(**watch.look(ema.module))
            save(run, steps, ema.module)
    save(run, steps, ema.module)
    run.log(**watch.look(ema.module))
    return publish(run, make_card(config, slices, run), ema.module)


def make_steps(
    config: dict[str, Any], slices: Slices, run: Run, load: Load
) -> tuple[TranslationSteps, SliceBatches | PairBatches]:
    """The model on its device, channels-last, with what it is trained by and on."""
    torch.manual_seed(run.seed)
    model, table = build(config["model"]["family"], config["model"], load), config["train"]
    assert isinstance(model, CycleGan)
    if start := table.get("start"):
        model.load_state_dict(load(start).state_dict())
    model.to(run.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if run.device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    warp = bool(table.get("warp", True))
    if (fold := table.get("fold")) is not None:
        positions = slices.cases(int(fold))["train"]
        return AlignedSteps(model, table, run.device), PairBatches(
            slices, positions, run.device, warp
        )
    drawn = "warm" in table
    source = SliceBatches(slices, run.device, float(table.get("window", 0.0)), warp, drawn)
    return (DrawnSteps if drawn else UnpairedSteps)(model, table, run.device), source


class Watch:
    """Aligned validation slices, for fixed grids and errors while training.

    Args:
        slices: all slices.
        run: folder, device and log.
        fold: of aligned fine-tuning, None for unpaired training.
        most: slices looked at.
    """

    def __init__(self, slices: Slices, run: Run, fold: int | None, most: int = 16) -> None:
        positions = slices.cases(fold)["val"]
        chosen = positions[
            np.linspace(0, len(positions) - 1, min(most, len(positions))).astype(int)
        ]
        self.mri = stack(slices.pair_mri[chosen], slices.pair_mri_mask[chosen], run.device)
        self.ct = stack(slices.pair_ct[chosen], slices.pair_ct_mask[chosen], run.device)
        self.run = run

    @torch.no_grad()
    def look(self, model: CycleGan) -> dict[str, float]:
        """Save input, output, truth and cycle of each slice, and measure them.

        Returns:
            `val_mae` (grey levels) and `val_ssim` of MRI to CT inside the head, `val_cycle`
            (grey levels).
        """
        mri, ct = self.mri[:, :1].float() / 255, self.ct[:, :1].float() / 255
        mask = self.ct[:, 1:].float() / 255
        with mixed(self.run.device):
            out = model.to_ct(mri * 2 - 1)
            cycle = (model.to_mri(out) + 1) / 2
        out = (out + 1) / 2
        found = {
            "val_mae": float(inside((out - ct).abs(), mask).mean()) * 255,
            "val_ssim": float(inside(ssim_map(out, ct), mask).mean()),
            "val_cycle": float((cycle - mri).abs().mean()) * 255,
        }
        rows = torch.stack([mri, out, ct, cycle], 1)[::2].flatten(0, 1)
        pixels = (rows.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        save_grid(pixels, self.run.folder / "grids" / f"{self.run.step:07d}.png", 8)
        return found


def save(run: Run, steps: TranslationSteps, average: CycleGan) -> None:
    """Write everything the next step depends on."""
    run.save_state(
        {
            "model": steps.model.state_dict(),
            "average": average.state_dict(),
            "optimisers": {k: o.state_dict() for k, o in steps.optimisers.items()},
            "pools": {k: [p.images, p.filled] for k, p in steps.pools.items()},
        }
    )


def restore(run: Run, steps: TranslationSteps, average: CycleGan) -> None:
    """Take up a saved run, where there is one."""
    state = run.load_state()
    if state is None:
        return
    steps.model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    for name, optimiser in steps.optimisers.items():
        optimiser.load_state_dict(state["optimisers"][name])
    for name, pool in steps.pools.items():
        images, filled = state["pools"][name]
        pool.images.copy_(images)
        pool.filled = int(filled)


def make_card(config: dict[str, Any], slices: Slices, run: Run) -> Card:
    """The card of a trained translator; hashes and parameters are filled in on publishing."""
    fold = config["train"].get("fold")
    parts = slices.cases(None if fold is None else int(fold))
    cases = {k: sorted(set(slices.pair_case[v].tolist())) for k, v in parts.items()}
    if fold is None:
        cases["train"] = []
    size = int(config["model"]["size"])
    return Card(
        id=config["id"],
        domain="brain_mri",
        task="translator",
        family=config["model"]["family"],
        title=config.get("title", config["id"]),
        config={k: v for k, v in config["model"].items() if k != "family"},
        classes=["mri_to_ct", "ct_to_mri"],
        preprocessing={"size": size, "channels": 1, "name": "head"},
        calibration={
            "cases": cases,
            "window": {"width": BRAIN.width, "level": BRAIN.level},
        },
        training=run.summary([slices.provenance()]),
        limits=list(config.get("limits", [])),
        licence=str(config.get("licence", "")),
    )
