"""The map of generated images: by class, over the density of real ones, with coverage gaps."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.registry import Registry
from core.services.landscape import Landscape, landscape
from core.ui.figures.frame import CONFIG, PALETTE, frame

OPEN = "Directions"  # the view that a click leads to


def figure(found: Landscape, domain: Domain, gaps: bool) -> go.Figure:
    """Points by class over the density of real images, or over the share that is not covered."""
    fig = go.Figure()
    if found.real:
        _background(fig, found.real, gaps)
    for place, (label, points) in enumerate(found.points.items()):
        fig.add_scatter(
            x=[p[0] for p in points], y=[p[1] for p in points], mode="markers",
            name=domain.class_name(label),
            customdata=[[label, seed] for seed in range(len(points))],
            marker={"size": 6, "color": PALETTE[place % len(PALETTE)], "line": {"width": 0.5}},
            hovertemplate="%{fullData.name}, seed %{customdata[1]}<extra></extra>",
        )  # fmt: skip
    n = sum(len(points) for points in found.points.values())
    axes = [f"component {i + 1} ({share:.0%})" for i, share in enumerate(found.explained)]
    return frame(fig, f"Generated images among real ones (n = {n})", axes[0], axes[1], 560)


def _background(fig: go.Figure, real: dict[str, Any], gaps: bool) -> None:
    values = real["uncovered"] if gaps else [[c or None for c in row] for row in real["count"]]
    fig.add_heatmap(
        x=real["x"], y=real["y"], z=values, zmin=0, zmax=1 if gaps else None,
        colorscale="Reds" if gaps else "Greys", opacity=0.55, hoverongaps=False,
        colorbar={"title": {"text": "not covered" if gaps else "real images"}, "thickness": 10},
        hovertemplate=("%{z:.0%} not covered" if gaps else "%{z} real images") + "<extra></extra>",
    )  # fmt: skip


def opened(event: Any) -> tuple[str, int] | None:
    """Class and seed of the point that was clicked, None for no point."""
    points = (event or {}).get("selection", {}).get("points", [])
    data = points[0].get("customdata") if points else None
    if not data or len(data) < 2:
        return None
    return str(data[0]), int(data[1])


def _open() -> None:
    """Callback: the clicked image goes into the sliders."""
    found = opened(st.session_state.get("map"))
    if found:
        st.session_state.update({"class": found[0], "seed": found[1], "view": OPEN})


def view(registry: Registry, domain: Domain, card: Card) -> None:
    """The whole view."""
    found = landscape(registry, card.id)
    if found is None:
        st.caption("No map is shipped with this model: run `python -m core map-images`.")
        return
    gaps = bool(found.real) and st.toggle(
        "Coverage gaps", key="gaps", bind="query-params",
        help="Colours cells by the share of real images without a generated neighbour.",
    )  # fmt: skip
    st.plotly_chart(
        figure(found, domain, gaps), key="map", config=CONFIG, on_select=_open,
        selection_mode="points", alt="Map of generated images by class",
    )  # fmt: skip
    st.caption("Click a point to open that image in the sliders.")
    if found.coverage:
        made, real = found.coverage["generated"], found.coverage["real"]
        st.caption(
            f"Coverage {made['rate']:.2f} ({made['ci'][0]:.2f} to {made['ci'][1]:.2f}) of "
            f"{made['n']} real images by as many generated ones; as many other real images reach "
            f"{real['rate']:.2f} ({real['ci'][0]:.2f} to {real['ci'][1]:.2f}). Counted in all "
            "dimensions of the features; the plane shows "
            f"{sum(found.explained):.0%} of their variance, so neighbours on it may be far apart."
        )
