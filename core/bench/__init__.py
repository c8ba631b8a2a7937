"""Benchmarks by name; each yields figures beside a baseline measured in the same process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from core.bench.base import Measurement
from core.errors import SynthLensError

BENCHES = {
    "generate": "core.bench.generate",
    "detect": "core.bench.detect",
    "explain": "core.bench.explain",
    "data": "core.bench.data",
}

Bench = Callable[[str | None, list[Path]], Iterable[Measurement]]


def run(
    name: str | None = None, domain: str | None = None, data: list[Path] | None = None
) -> Iterator[dict[str, Any]]:
    """Run one benchmark, or all of them.

    Every module of `BENCHES` has `bench(domain, data)`, which yields `Measurement`s.

    Args:
        name: key of `BENCHES`; None for all.
        domain: only models of this domain.
        data: archives for those that read data; made-up images otherwise.

    Yields:
        One dictionary per figure: `name`, `value`, `unit`, `baseline`, `ratio`, `n` and more.

    Raises:
        SynthLensError: no such benchmark.
    """
    if name is not None and name not in BENCHES:
        raise SynthLensError(f"Unknown benchmark '{name}'; choose one of: {', '.join(BENCHES)}.")
    for chosen in [name] if name else list(BENCHES):
        bench: Bench = import_module(BENCHES[chosen]).bench
        for found in bench(domain, data or []):
            yield found.to_dict() if isinstance(found, Measurement) else dict(found)
