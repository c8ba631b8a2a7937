"""The study's results as one flat table, for a page and for CSV."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.study.answer import effects
from core.study.grid import arm

LEVELS = ("balanced_accuracy", "accuracy", "auc", "minority_recall", "ece", "ece_before")


def table(results: dict[str, Any], where: str, **wanted: Any) -> pd.DataFrame:
    """One row per arm: levels with sd and interval, and the difference from its control.

    Args:
        results: the study's results.
        where: "official" or "clean".
        wanted: model, share, arm to keep; all by default.
    """
    rows = [
        _row(results, entry, where) for entry in results["arms"]
        if where in entry and wanted.items() <= entry.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _row(results: dict[str, Any], entry: dict[str, Any], where: str) -> dict[str, Any]:
    row: dict[str, Any] = {k: entry[k] for k in ("model", "share", "arm")}
    row |= {"set": where, "seeds": len(entry["seeds"]), "images": sum(entry["images"])}
    for figure in LEVELS:
        found = entry[where][figure]
        row |= {figure: found["mean"], f"{figure}_sd": found["sd"]}
        if "ci" in found:
            row |= {f"{figure}_low": found["ci"][0], f"{figure}_high": found["ci"][1]}
    against = arm(entry["arm"]).control if arm(entry["arm"]).synthetic else ""
    row["control"] = against
    wanted = {k: entry[k] for k in ("model", "share", "arm")}
    for found in effects(results, **wanted, against=against, set=where):
        gap = found["balanced_accuracy"]
        row |= {"difference": gap["value"], "difference_low": gap["ci"][0]}
        row |= {"difference_high": gap["ci"][1], "p": gap["p"], "p_holm": gap.get("holm")}
        row |= {
            "mcnemar_p_holm": found["mcnemar"].get("holm"),
            "auc_difference": found["auc"]["value"],
        }
        row |= {"delong_p_holm": found["auc"].get("holm")}
    return row
