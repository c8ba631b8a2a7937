"""Training curves from a model's `history.jsonl`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from core.training.dynamics import read_log
from core.ui.figures.frame import frame

AXES = ("step", "seconds", "images_seen", "epoch")
MOST_POINTS = 600


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Lines of the training log that are JSON objects; a line cut off by a kill is left out."""
    return read_log(folder / "history.jsonl")


def series(rows: list[dict[str, Any]]) -> dict[str, tuple[list[float], list[float]]]:
    """Every logged quantity against images seen (or step): name -> (x, y)."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    for index, row in enumerate(rows):
        at = float(row.get("images_seen") or row.get("step") or index)
        for name, value in row.items():
            if name in AXES or isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            xs, ys = found.setdefault(name, ([], []))
            xs.append(at)
            ys.append(float(value))
    return found


def groups(names: list[str]) -> dict[str, list[str]]:
    """Quantities that share an axis: losses, accuracies, and one group for each of the rest."""
    found: dict[str, list[str]] = {}
    for name in names:
        key = "loss" if "loss" in name else "accuracy" if "acc" in name or "auc" in name else name
        found.setdefault(key, []).append(name)
    return found


def curves(rows: list[dict[str, Any]], group: str, title: str) -> go.Figure:
    """One figure for one group of quantities, thinned to at most `MOST_POINTS` a line."""
    known = series(rows)
    by_images = any("images_seen" in row for row in rows)
    fig = go.Figure()
    longest = 0
    for name in groups(list(known)).get(group, []):
        xs, ys = known[name]
        longest = max(longest, len(xs))
        step = max(1, len(xs) // MOST_POINTS)
        fig.add_scatter(x=xs[::step], y=ys[::step], mode="lines", name=name.replace("_", " "))
    if group == "loss":
        fig.update_yaxes(type="log")
    label = f"{title} (n = {longest} logged points)"
    unit = "loss (logarithmic)" if group == "loss" else group.replace("_", " ")
    return frame(fig, label, "images seen" if by_images else "step", unit)
