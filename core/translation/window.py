"""What a grey level of a CT slice means: a linear display window in Hounsfield units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """Grey 0 is `level - width / 2`, grey 255 is `level + width / 2` Hounsfield units.

    The sources ship 8-bit pictures in "a brain window" without its numbers; width 80 and level
    40, the usual brain window, is assumed here, and every HU figure depends on it. Values beyond
    the window (bone, air, fat) are cut off: no error above `width` can be seen.
    """

    width: float = 80.0
    level: float = 40.0

    def to_hu(self, grey: np.ndarray) -> np.ndarray:
        """Grey levels (0 to 255) to Hounsfield units, float32."""
        return np.asarray(grey, np.float32) / 255 * self.width + self.level - self.width / 2

    def to_grey(self, hu: np.ndarray) -> np.ndarray:
        """Hounsfield units to grey levels, float32 in [0, 255], cut off at the window's ends."""
        unit = (np.asarray(hu, np.float32) - self.level) / self.width + 0.5
        return np.clip(unit, 0, 1) * 255

    def error_hu(self, grey: float) -> float:
        """A difference of grey levels as a difference in Hounsfield units."""
        return grey / 255 * self.width

    def view(self, grey: np.ndarray, other: Window) -> np.ndarray:
        """A picture in this window, shown through another one: (…) uint8."""
        return np.rint(other.to_grey(self.to_hu(grey))).astype(np.uint8)


BRAIN = Window()
