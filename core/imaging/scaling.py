"""From stored values of any type to grey values in [0, 1]."""

from __future__ import annotations

import numpy as np

from core.errors import UnreadableImageError

_SAMPLE = 1_000_000  # pixels that a percentile is taken from


def stretch(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map `low` to 0 and `high` to 1, linearly and clipped; float32 of the same shape."""
    span = float(high) - float(low)
    wide = np.float64 if not np.isfinite(np.float32(span)) else np.float32
    out = values.astype(wide)  # a copy, changed in place below
    np.subtract(out, wide(low), out=out)
    np.divide(out, wide(span if span > 0 else 1), out=out)
    return np.clip(out, 0, 1, out=out).astype(np.float32, copy=False)


def integers(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """Scale integers of more than 8 bits by the bit depth they use, so order is kept.

    Args:
        values: (H, W) integers.
        notes: receives a sentence on the range used.

    Returns:
        (H, W) float32 in [0, 1].
    """
    low, high = int(values.min()), int(values.max())
    top = next((2**bits - 1 for bits in (8, 10, 12, 14, 16) if high < 2**bits), None)
    if low < 0 or top is None:
        notes.append("Integer values stretched from darkest to brightest.")
        return stretch(values, low, high)
    notes.append(f"High bit depth: values 0 to {top} scaled to 0 to 1.")
    return stretch(values, 0, top)


def finite(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """Replace NaN and infinities by the smallest finite value.

    Raises:
        UnreadableImageError: no finite value at all.
    """
    good = np.isfinite(values)
    bad = int(good.size - np.count_nonzero(good))
    if bad == good.size:
        raise UnreadableImageError("no pixel has a valid value; export the image again.")
    if bad:
        notes.append(f"{bad} pixels without a valid value (NaN or infinite) set to the darkest.")
        values = np.where(good, values, values[good].min())
    return values


def floats(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """Keep floats that lie in [0, 1]; stretch others from their darkest to their brightest.

    Args:
        values: (H, W) float.
        notes: receives sentences on what was done.

    Returns:
        (H, W) float32 in [0, 1].

    Raises:
        UnreadableImageError: no finite value at all.
    """
    values = finite(values, notes)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        notes.append("Floating-point values kept as they are (0 to 1).")
        return values.astype(np.float32)
    notes.append("Floating-point values stretched from darkest to brightest.")
    return stretch(values, low, high)


def percentiles(values: np.ndarray, keep: np.ndarray | None = None) -> tuple[float, float]:
    """The 0.5th and 99.5th percentile, or the extremes where those two coincide.

    Args:
        values: any shape, finite.
        keep: boolean mask of the values that count, None for all.
    """
    counted = values.ravel() if keep is None else values[keep]
    sample = counted[:: max(1, counted.size // _SAMPLE)]
    low, high = (float(v) for v in np.percentile(sample, (0.5, 99.5)))
    return (low, high) if high > low else (float(counted.min()), float(counted.max()))


def window(values: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """Apply a VOI window: DICOM PS3.3 C.11.2.1.2 (linear) and C.11.2.1.3 (other functions).

    Args:
        values: stored values after the modality transform.
        center: middle of the window, in the same unit.
        width: full width of the window, above 0.
        function: "LINEAR", "LINEAR_EXACT" or "SIGMOID".

    Returns:
        float32 in [0, 1], same shape.
    """
    if function == "SIGMOID":
        # PS3.3 equation C.11-4
        exponent = np.clip(-4 * (values.astype(np.float32) - center) / width, -60, 60)
        return 1 / (1 + np.exp(exponent))
    if function == "LINEAR_EXACT" or width <= 1:
        # PS3.3 equation C.11-3
        return stretch(values, center - width / 2, center + width / 2)
    # PS3.3 equation C.11-2: full range spans width - 1, centred half a step below the center
    return stretch(values, center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2)
