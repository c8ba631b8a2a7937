"""Words and numbers for people: names made safe, figures with their intervals."""

from __future__ import annotations

import math
import re
from typing import Any

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^=])")
_CENTRES = ("value", "mean", "rate", "estimate", "median")


def escape(text: str) -> str:
    """Text that markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def safe_name(name: str, limit: int = 48) -> str:
    """A file name that may stand in markdown: no control characters, no markup, not too long."""
    clean = "".join(c if c.isprintable() else "�" for c in name).strip() or "unnamed"
    short = clean if len(clean) <= limit else clean[: limit - 13] + "…" + clean[-12:]
    return escape(short)


def cell(text: str) -> str:
    """Text for a CSV cell: a leading =, +, - or @ would run as a formula in a spreadsheet."""
    return "'" + text if text[:1] in "=+-@\t\r" else text


def number(value: float, digits: int = 3) -> str:
    """A plain figure: integers with thousands marks, others with `digits` decimals."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and value >= 10):
        return f"{int(value):,}"
    if not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}" if abs(value) >= 10**-digits or value == 0 else f"{value:.1e}"


def centre(value: Any) -> float | None:
    """The point estimate in a metric: a bare number, or a dict's value or mean."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return next((centre(value[k]) for k in _CENTRES if k in value), None)
    return None


def interval(value: Any) -> tuple[float, float] | None:
    """The confidence interval in a metric dict: `ci`, or `low` and `high`."""
    if not isinstance(value, dict):
        return None
    pair = value.get("ci", value.get("ci95"))
    if pair is None and "low" in value and "high" in value:
        pair = (value["low"], value["high"])
    return (float(pair[0]), float(pair[1])) if pair else None


def measured(value: Any, digits: int = 3) -> str | None:
    """A metric with what is known of its uncertainty, or None where there is no figure.

    0.91 · "0.910 (0.880 to 0.930)" with an interval · "0.012 ± 0.002" with a deviation.
    """
    middle = centre(value)
    if middle is None:
        return None
    if isinstance(value, int):
        return number(value)
    text = number(middle, digits)
    if limits := interval(value):
        return f"{text} ({number(limits[0], digits)} to {number(limits[1], digits)})"
    spread = value.get("sd", value.get("std")) if isinstance(value, dict) else None
    return f"{text} ± {number(float(spread), digits)}" if spread is not None else text


def size(n_bytes: float) -> str:
    """Bytes in a readable unit."""
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"


def duration(seconds: float) -> str:
    """Seconds as hours and minutes."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
