"""What a benchmark is, and the unit of most: one ResNet-18 forward pass at 224 px."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One figure beside its baseline, both measured in the same process.

    Attributes:
        name: what was measured.
        value: in `unit`.
        unit: such as "s" or "images/s".
        baseline: what it is compared with, in the same unit.
        n: repetitions, images or requests behind the value.
        compared_with: the baseline in words.
        goal: the ratio aimed at, such as "<= 3"; "" for none.
    """

    name: str
    value: float
    unit: str
    baseline: float
    n: int
    compared_with: str = "one ResNet-18 forward pass at 224 px"
    goal: str = ""

    @property
    def ratio(self) -> float:
        """Value over baseline."""
        return self.value / self.baseline

    def to_dict(self) -> dict[str, Any]:
        """The JSON line of `bench`."""
        found = asdict(self) | {"ratio": self.ratio}
        order = ("name", "value", "unit", "baseline", "ratio", "n")
        return {k: found.pop(k) for k in order} | found


def seconds(work: Callable[[], Any], repeats: int = 5, warm: int = 1) -> float:
    """Median wall-clock time of a call; on a GPU the work is waited for."""
    import torch

    times = []
    for turn in range(warm + repeats):
        start = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if turn >= warm:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


@lru_cache(maxsize=1)
def resnet18_unit() -> float:
    """Seconds of one torchvision ResNet-18 forward pass, batch 1, 3 × 224 × 224, fp32."""
    import torch
    from torchvision.models import resnet18

    from core.device import best_device

    device = best_device()
    module = resnet18(weights=None).eval().to(device)
    image = torch.zeros(1, 3, 224, 224, device=device)
    with torch.inference_mode():
        return seconds(lambda: module(image), repeats=15, warm=3)
