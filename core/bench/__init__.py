"""Benchmarks by name; each module's `run` yields figures beside a baseline of the same process."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from core.bench.base import Measurement
from core.errors import SynthLensError

BENCHES = {
    "generate": "core.bench.generate",
    "detect": "core.bench.detect",
    "explain": "core.bench.explain",
    "latent": "core.bench.latent",
    "data": "core.bench.data",
    "text": "core.bench.text",
    "translate": "core.bench.translate",
    "memory": "core.bench.memory",
    "app": "core.bench.app",
}


def run_benches(
    name: str | None = None, domain: str | None = None, data: list[Path] | None = None
) -> Iterator[dict[str, Any]]:
    """Run one benchmark, or all of them.

    Args:
        name: key of `BENCHES`; None for all.
        domain: only models of this domain.
        data: archives for those that read data; made-up images otherwise.

    Yields:
        One dictionary per figure: `name`, `value`, `unit`, `baseline`, `ratio` (value over
        baseline, None without a baseline), `n` and more.

    Raises:
        SynthLensError: no such benchmark.
    """
    if name is not None and name not in BENCHES:
        raise SynthLensError(f"Unknown benchmark '{name}'; choose one of: {', '.join(BENCHES)}.")
    for chosen in [name] if name else list(BENCHES):
        run = import_module(BENCHES[chosen]).run
        known = inspect.signature(run).parameters
        own = {k: v for k, v in (("domain", domain), ("data", data)) if k in known}
        for found in run(**own):
            yield found.to_dict() if isinstance(found, Measurement) else _line(found)


def _line(found: dict[str, Any]) -> dict[str, Any]:
    """A benchmark's own dictionary with the ratio that every line means."""
    baseline = found.get("baseline")
    return {**found, "ratio": found["value"] / baseline if baseline else None}
