"""Parameters of all metrics in one place, shown beside their values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from core.explain.base import Settings


@dataclass(frozen=True)
class MetricSettings:
    """Parameters of the metrics of one image.

    Attributes:
        deletion_steps: points of the insertion and deletion curves, both ends included.
        road: shares of pixels that ROAD removes.
        squares: random squares removed for infidelity.
        square: side of such a square as a share of the image's.
        radius: of max-sensitivity's uniform noise, normalised units (range about 2).
        neighbours: noisy copies for max-sensitivity.
        jpeg: quality of the JPEG copy for stability.
        noise: deviation of the noisy copy for stability, on the [0, 1] scale.
        smoothing: deviation of the blur before maps are compared, as a share of the side; maps
            of coarse and of fine methods are compared at this common scale.
        top: share of pixels in top-k IoU.
        stages: points of the randomisation curve.
        steps, samples, coalitions: reduced effort where a map must be explained again.
        batch: images per forward pass.
        seed: of everything drawn at random.
    """

    deletion_steps: int = 17
    road: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    squares: int = 48
    square: float = 0.2
    radius: float = 0.02
    neighbours: int = 4
    jpeg: int = 75
    noise: float = 0.02
    smoothing: float = 0.03
    top: float = 0.05
    stages: int = 5
    steps: int = 16
    samples: int = 20
    coalitions: int = 150
    batch: int = 16
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """All parameters, to be shown and saved beside the values."""
        return asdict(self)

    def quick(self, settings: Settings) -> Settings:
        """Method settings for repeated explanations: the same method with less effort."""
        return replace(
            settings,
            steps=min(self.steps, settings.steps),
            max_steps=self.steps,
            samples=min(self.samples, settings.samples),
            coalitions=min(self.coalitions, settings.coalitions),
            check=False,
        )
