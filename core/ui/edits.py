"""The state of an edit: slider values with undo, redo and a history, and its form in the URL."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from core.latent.effects import REACH

MOST_STEPS = 40

Values = dict[str, float]


@dataclass
class Edit:
    """Slider values by direction id, and where they have been.

    Attributes:
        values: what is drawn now; while a slider is dragged, not yet a step of the history.
        steps: values at every finished step, the start (all at rest) first.
        at: position of the current step.
        seq: number of the last request taken from the sliders.
        version: grows when values change by other means than a slider.
        live: whether the last request came from a slider that still moves.
    """

    values: Values = field(default_factory=dict)
    steps: list[Values] = field(default_factory=lambda: [{}])
    at: int = 0
    seq: int = 0
    version: int = 0
    live: bool = False

    @classmethod
    def from_text(cls, text: str) -> Edit:
        """An edit from the URL; what is no direction and number is left out."""
        values: Values = {}
        for part in text.split(","):
            name, _, amount = part.rpartition(":")
            try:
                moved = float(amount)
            except ValueError:
                continue
            if math.isfinite(moved):
                values[name] = round(min(max(moved, -REACH), REACH), 3)
        values = _moved(values)
        return cls(values, [{}, values] if values else [{}], 1 if values else 0)

    def to_text(self) -> str:
        """The current step for the URL: "pca-1:1.5,sefa-2:-0.3", empty at the start."""
        return ",".join(f"{name}:{amount:g}" for name, amount in sorted(self.values.items()))

    def take(self, request: dict[str, Any] | None) -> None:
        """Take what the sliders sent: {"seq", "values", "settled"}; old requests change nothing."""
        if not request or int(request["seq"]) <= self.seq:
            return
        self.seq = int(request["seq"])
        self.values = _moved({str(k): float(v) for k, v in request["values"].items()})
        self.live = not request.get("settled")
        if not self.live:
            self._finish()

    def undo(self) -> None:
        """Back to the step before."""
        self._go(self.at - 1)

    def redo(self) -> None:
        """Forward again."""
        self._go(self.at + 1)

    def reset(self) -> None:
        """All sliders to rest; can be undone."""
        self.jump(0)

    def jump(self, step: int) -> None:
        """The values of an earlier step, as a new step."""
        if 0 <= step < len(self.steps):
            self._set(self.steps[step])
            self._finish()

    def restart(self) -> None:
        """Forget the history."""
        self.values, self.steps, self.at = {}, [{}], 0
        self._set({})

    @property
    def can_undo(self) -> bool:
        """Whether there is a step before."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Whether a step was undone."""
        return self.at < len(self.steps) - 1

    def _go(self, step: int) -> None:
        if 0 <= step < len(self.steps):
            self.at = step
            self._set(self.steps[step])

    def _set(self, values: Values) -> None:
        self.values, self.live = dict(values), False
        self.version += 1

    def _finish(self) -> None:
        if self.values == self.steps[self.at]:
            return
        self.steps = [*self.steps[: self.at + 1], dict(self.values)]
        if len(self.steps) > MOST_STEPS:  # the start stays
            del self.steps[1]
        self.at = len(self.steps) - 1


def _moved(values: Values) -> Values:
    """Only sliders that are not at rest, by name, so that equal edits are equal."""
    return {name: values[name] for name in sorted(values) if name and values[name]}
