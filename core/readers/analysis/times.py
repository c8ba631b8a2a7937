"""How long answers took; interrupted ones have no time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.readers.analysis import mrmc
from core.readers.analysis.tables import grid

SHORTEST = 0.05  # seconds; nobody is faster, and a logarithm needs a positive number


def times(rows: pd.DataFrame) -> dict[str, Any]:
    """Geometric mean seconds per answer over readers and cases, with quartiles of all answers.

    Times are skewed: means and intervals are of their logarithms, and given back in seconds.
    """
    known = rows[rows["seconds"].notna()]
    if known.empty:
        return {}
    logs, _, _ = grid(known, np.log(known["seconds"].clip(lower=SHORTEST)))
    found = mrmc.pooled(*mrmc.means(logs)[1:])
    return {
        **found,
        "value": float(np.exp(found["value"])),
        "ci": [float(np.exp(limit)) for limit in found["ci"]],
        "quartiles": [float(q) for q in np.quantile(known["seconds"], (0.25, 0.5, 0.75))],
        "answers": len(known),
        "interrupted": int(rows["seconds"].isna().sum()),
    }
