"""What the model and its map change in a reader's diagnosis: the same reader, the same case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.readers.analysis import mrmc
from core.readers.analysis.tables import grid
from core.readers.analysis.times import SHORTEST


def paired(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per reader and case that was answered both times; columns end in _0 and _1."""
    keys = ["reader", "case"]
    steps = [rows[rows["step"] == step] for step in (0, 1)]
    both = steps[0].merge(steps[1], on=keys, suffixes=("_0", "_1"))
    for step in (0, 1):
        both[f"right_{step}"] = (both[f"choice_{step}"] == both[f"truth_{step}"]).astype(float)
    both["advice_right"] = both["advice_0"] == both["truth_0"]
    return both


def diagnosis(rows: pd.DataFrame) -> dict[str, Any]:
    """Effect of the model's answer and map on diagnosis.

    Returns:
        "unaided", "aided", "gain" in accuracy; "gain_by_method"; "confidence_change"; "time_ratio"
        (aided over unaided); "reliance" as `reliance` gives it; "advice_right" share of cases.
    """
    both = paired(rows)
    if both.empty:
        return {}
    gain = _mean(both, both["right_1"] - both["right_0"], (-1.0, 1.0))
    method = both["methods_0"].str[0]
    timed = both[both["seconds_0"].notna() & both["seconds_1"].notna()]
    cases = both.drop_duplicates("case")
    return {
        "unaided": _mean(both, both["right_0"], (0.0, 1.0)),
        "aided": _mean(both, both["right_1"], (0.0, 1.0)),
        "gain": gain | {"p": mrmc.p_value(gain, 0.0)},
        "gain_by_method": {
            name: _mean(own, own["right_1"] - own["right_0"], (-1.0, 1.0))
            for name, own in both.groupby(method)
        },
        "confidence_change": _mean(both, both["score_1"] - both["score_0"], (-4.0, 4.0)),
        "time_ratio": _ratio(timed),
        "reliance": reliance(both),
        "advice_right": {"value": float(cases["advice_right"].mean()), "cases": len(cases)},
    }


def reliance(both: pd.DataFrame) -> dict[str, Any]:
    """Does a reader follow the model when it is right, and resist it when it is wrong?

    Appropriateness of reliance (Schemmer et al. 2023, IUI): of first answers that were wrong
    while the model was right, the share that became right ("follows_right"); of first answers
    that were right while the model was wrong, the share given up ("follows_wrong").
    """
    kinds = {
        "follows_right": both[(both["right_0"] == 0) & both["advice_right"]],
        "follows_wrong": both[(both["right_0"] == 1) & ~both["advice_right"]],
    }
    return {
        name: _share(own, (own["choice_1"] == own["advice_0"]).to_numpy(float))
        for name, own in kinds.items()
    }


def _mean(both: pd.DataFrame, values: pd.Series, bounds: tuple[float, float]) -> dict[str, Any]:
    table, _, _ = grid(both, values)
    return mrmc.pooled(*mrmc.means(table)[1:], bounds)


def _ratio(timed: pd.DataFrame) -> dict[str, Any]:
    if timed.empty:
        return {}
    logs = [np.log(timed[f"seconds_{step}"].clip(lower=SHORTEST)) for step in (0, 1)]
    found = mrmc.pooled(*mrmc.means(grid(timed, logs[1] - logs[0])[0])[1:])
    ci = [float(np.exp(limit)) for limit in found["ci"]]
    return found | {"value": float(np.exp(found["value"])), "ci": ci}


def _share(own: pd.DataFrame, hits: np.ndarray) -> dict[str, Any]:
    """A share of answers that is no share of fixed cases: readers and cases are clusters."""
    n = len(hits)
    if n < 2:
        return {"value": None, "ci": [0.0, 1.0], "n": n}
    value = float(hits.mean())
    variance, df = mrmc.clustered(
        (hits - value) / n, own["reader"].to_numpy(), own["case"].to_numpy()
    )
    ci = mrmc.interval(value, float(np.sqrt(variance)), df, (0.0, 1.0))
    return {"value": value, "ci": ci, "n": n}
