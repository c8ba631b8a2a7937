"""One training run: resumable after a kill, bounded in time, logged as it goes."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import write_json
from core.device import best_device, describe
from core.training.parallel import STRIDE, processes

STATE = "state.pt"


class Run:
    """State of a training run in a folder.

    Attributes:
        folder: holds `state.pt`, `history.jsonl`, sample grids; never committed.
        config: the configuration, as read from its TOML file.
        seed: from `config["seed"]`.
        step: optimiser steps done.
        images_seen: training images used so far, repeats included.
        device: where to train.
        offset: added to the seed of whatever differs between processes; 0 in the first.

    Args:
        folder: where the run lives.
        config: configuration.
        time_budget: seconds this process may train; None for no bound.
        resume: continue from the folder's state; otherwise an earlier log is started anew.
        command: the command line, for the card.
    """

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        time_budget: float | None = None,
        resume: bool = False,
        command: str = "",
    ) -> None:
        own = processes()
        # the others' caches and logs lie apart; nobody needs them
        self.folder = folder / f"process-{own.rank}" if own.rank else folder
        folder = self.folder
        self.offset = own.rank * STRIDE
        self.config = config
        self.seed = int(config.get("seed", 0))
        self.step = 0
        self.images_seen = 0
        self.device = own.device or best_device()
        self.command = command or " ".join(["python -m core", *sys.argv[1:]])
        self.resume = resume
        self._budget = time_budget
        self._start = time.monotonic()
        self._before = 0.0  # seconds spent by earlier processes of this run
        self._agreed: float | None = None  # progress of the first process, where there are several
        self._last: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if not resume:
            (folder / STATE).unlink(missing_ok=True)
            self.history.unlink(missing_ok=True)
        torch.backends.cudnn.benchmark = True  # shapes never change within a run
        torch.set_float32_matmul_precision("high")
        torch.manual_seed(self.seed + self.offset)
        np.random.seed(self.seed)

    def child(self, name: str, seed: int, share: float) -> Run:
        """A run of the same configuration with another seed, in a folder below.

        Args:
            name: of the folder.
            seed: of the run.
            share: of the time budget that it may use.
        """
        budget = None if self._budget is None else self._budget * share
        config = {**self.config, "seed": seed}
        return Run(self.folder / name, config, budget, self.resume, self.command)

    @property
    def history(self) -> Path:
        """The log, one JSON object a line."""
        return self.folder / "history.jsonl"

    @property
    def seconds(self) -> float:
        """Time spent on this run by all its processes."""
        return self._before + time.monotonic() - self._start

    @property
    def progress(self) -> float:
        """Share of the time budget used by this process, 0 without a budget."""
        if self._agreed is not None:
            return self._agreed
        return 0.0 if not self._budget else (time.monotonic() - self._start) / self._budget

    def share(self, images: int) -> float:
        """Share of the run done, 0 to 1: by images or by this process's budget, what is further.

        Schedules follow it, so that a run fits its budget on any machine.
        """
        return min(1.0, max(self.images_seen / images, self.progress))

    def out_of_time(self) -> bool:
        """Whether the time budget of this process is spent; all processes must ask alike."""
        if processes().world > 1:
            self._agreed = None
            self._agreed = processes().agreed(self.progress)
        return self.progress >= 1

    def shard(self, order: np.ndarray) -> np.ndarray:
        """This process's part of an epoch's order, as long as every other's."""
        own = processes()
        return order[: len(order) // own.world * own.world][own.rank :: own.world]

    def log(self, **values: float | torch.Tensor | str) -> None:
        """Append to `history.jsonl`, with step, seconds and images seen."""
        entry = {
            "step": self.step,
            "seconds": round(self.seconds, 1),
            "images_seen": self.images_seen,
            **{k: v if isinstance(v, str) else _plain(v) for k, v in values.items()},
        }
        with self.history.open("a") as stream:
            stream.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), file=sys.stderr, flush=True)

    def interval(self, seconds: float) -> float:
        """Seconds between looks at a run: an eighth of its budget, at most as given."""
        return min(seconds, self._budget / 8) if self._budget else seconds

    def every(self, seconds: float, key: str) -> bool:
        """True at most once per interval and key; the first time after one interval."""
        now = time.monotonic()
        if now - self._last.setdefault(key, now) < seconds:
            return False
        self._last[key] = now
        return True

    def save_state(self, state: dict[str, Any]) -> None:
        """Write everything needed to go on, whole or not at all.

        Args:
            state: tensors, state dicts and plain values.
        """
        rng = {"torch": torch.get_rng_state()}
        bookkeeping: dict[str, Any] = {"step": self.step, "images_seen": self.images_seen}
        bookkeeping["seconds"] = self.seconds
        bookkeeping["log_bytes"] = self.history.stat().st_size if self.history.exists() else 0
        partial = self.folder / f"{STATE}.partial"
        torch.save({"run": bookkeeping, "rng": rng, "state": state}, partial)
        partial.replace(self.folder / STATE)

    def load_state(self) -> dict[str, Any] | None:
        """State of an earlier process of this run, or None to start from scratch."""
        path = (self.folder.parent if self.offset else self.folder) / STATE
        if not self.resume or not path.exists():
            return None
        # weights_only: tensors and plain values, never code
        saved = torch.load(path, map_location=self.device, weights_only=True)
        self.step, self.images_seen = saved["run"]["step"], saved["run"]["images_seen"]
        self._before = saved["run"]["seconds"]
        torch.set_rng_state(saved["rng"]["torch"].cpu())
        if self.offset:
            torch.manual_seed(self.seed + self.offset + self.step)
        self._drop_log_after(self.step, saved["run"].get("log_bytes"))
        return dict(saved["state"])

    def _drop_log_after(self, step: int, size: int | None) -> None:
        """Forget log lines written after the state was: their steps will be done again."""
        if self.history.exists():
            if size is not None and size <= self.history.stat().st_size:
                with self.history.open("r+b") as stream:
                    stream.truncate(size)
            lines = self.history.read_text().splitlines()
            kept = [line for line in lines if json.loads(line)["step"] <= step]
            self.history.write_text("".join(f"{line}\n" for line in kept))

    def summary(self, data: list[dict[str, object]]) -> dict[str, Any]:
        """The `training` part of a card.

        Args:
            data: `DomainData.provenance()` of every data set used.
        """
        return {
            "command": self.command,
            "commit": _commit(),
            "config": self.config,
            "seed": self.seed,
            "data": data,
            "steps": self.step,
            "images_seen": self.images_seen * processes().world,
            "processes": processes().world,
            "seconds": round(self.seconds),
            "hardware": f"{describe(self.device)}, {os.cpu_count()} cores, {platform.machine()}",
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }

    def note(self, name: str, content: Any) -> None:
        """Write a small JSON file into the run's folder."""
        write_json(self.folder / name, content)


def _plain(value: float | torch.Tensor) -> float:
    return round(float(value.detach() if isinstance(value, torch.Tensor) else value), 6)


def _commit() -> str:
    """The commit the code was at, or "" outside a checkout."""
    result = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        check=False,
    )
    return result.stdout.strip()
