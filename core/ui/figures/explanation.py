"""Numbers of an explanation: the metric table with its baselines, the randomisation check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from core.explain.metrics.table import HIGHER_IS_BETTER
from core.ui.figures.frame import frame
from core.ui.figures.maps import title

if TYPE_CHECKING:
    from core.explain.service import Explanation

NAMES = {
    "insertion": "Insertion AUC",
    "deletion": "Deletion AUC",
    "road": "ROAD",
    "infidelity": "Infidelity",
    "max_sensitivity": "Max-sensitivity",
    "gini": "Sparseness (Gini)",
    "stability_jpeg": "Stability, JPEG (ρ)",
    "stability_noise": "Stability, noise (ρ)",
    "inside_organ": "Share inside organ",
    "pointing": "Pointing game",
}
_ARROWS = {True: " ↑", False: " ↓", None: ""}
REFERENCES = {"random": "Random map", "edge": "Edge map", "centre": "Centre map"}


def metric_table(one: Explanation) -> pd.DataFrame:
    """Rows = methods and the two baselines, columns = metrics with the direction that is better."""
    known = [k for k in NAMES if any(k in row for row in one.metrics.values())]
    rows = []
    for method, values in one.metrics.items():
        row: dict[str, object] = {
            "Map": f"{REFERENCES[method]} (baseline)" if method in REFERENCES else title(method)
        }
        for key in known:
            value = values.get(key)
            shown = None if value is None else round(float(value), 3)
            if key == "pointing" and value is not None:
                shown = "hit" if value else "miss"  # type: ignore[assignment]
            row[NAMES[key] + _ARROWS[HIGHER_IS_BETTER.get(key)]] = shown
        rows.append(row)
    return pd.DataFrame(rows)


def dataset_table(measured: dict[str, Any]) -> pd.DataFrame:
    """Means over test images with their 95 % intervals; rows and columns as in `metric_table`.

    Args:
        measured: what `evaluate explain` wrote.
    """
    rows = []
    for method, values in measured["metrics"].items():
        row: dict[str, str | None] = {
            "Map": f"{REFERENCES[method]} (baseline)" if method in REFERENCES else title(method)
        }
        for key in (k for k in NAMES if k in measured["metrics"][next(iter(measured["metrics"]))]):
            one = values.get(key)
            arrow = _ARROWS[HIGHER_IS_BETTER.get(key)]
            row[NAMES[key] + arrow] = _interval(one) if one else None
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(one: dict[str, Any]) -> str:
    return f"{one['value']:.2f} ({one['ci'][0]:.2f} to {one['ci'][1]:.2f})"


def dataset_reading(measured: dict[str, Any]) -> str:
    """What the data-set figures say against the baselines and the randomisation check."""
    parts = [f"n = {measured['n']} {measured['split']} images, means with 95 % intervals."]
    for method, values in measured["beats"]["centre"].items():
        centre, random = values["deletion"], measured["beats"]["random"][method]["deletion"]
        last = measured["randomisation"][method][-1]
        parts.append(
            f"{title(method)} beats a random map on deletion on {_share(random)} of images, a "
            f"centre map on {_share(centre)}; once all weights are destroyed its map keeps "
            f"ρ {_interval(last)}."
        )
    return " ".join(parts)


def _share(one: dict[str, Any]) -> str:
    return f"{one['value']:.0%} ({one['ci'][0]:.0%} to {one['ci'][1]:.0%})"


def randomisation(one: Explanation) -> go.Figure:
    """Likeness to the intact model's map while ever more layers are destroyed."""
    fig = go.Figure()
    for method, values in one.randomisation.items():
        share = [i / (len(values) - 1) for i in range(len(values))]
        fig.add_scatter(x=share, y=values, mode="lines+markers", name=title(method))
    fig.add_hline(y=0, line_width=1, line_dash="dot", opacity=0.5)
    fig.update_xaxes(tickformat=".0%", range=[-0.03, 1.03])
    fig.update_yaxes(range=[-1.05, 1.05])
    return frame(
        fig,
        "Randomisation check (n = 1 image)",
        "layers destroyed, last first",
        "Spearman ρ with intact map",
        360,
    )


def removal(one: Explanation, kind: str) -> go.Figure:
    """Probability while pixels are added or taken away in the order of each map.

    Args:
        one: an explanation with metrics.
        kind: "insertion" or "deletion".
    """
    fig = go.Figure()
    for method, values in one.metrics.items():
        curve = values.get(f"{kind}_curve", [])
        share = [i / max(1, len(curve) - 1) for i in range(len(curve))]
        dash = "dot" if method in REFERENCES else "solid"
        name = REFERENCES.get(method) or title(method)
        fig.add_scatter(x=share, y=curve, mode="lines", name=name, line_dash=dash)
    fig.update_xaxes(tickformat=".0%")
    fig.update_yaxes(range=[-0.02, 1.02])
    verb = "restored" if kind == "insertion" else "removed"
    return frame(
        fig,
        f"{kind.capitalize()} (n = 1 image)",
        f"pixels {verb}, strongest first",
        f"P({one.target})",
        360,
    )
