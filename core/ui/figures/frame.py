"""What all figures share: axis names, title with n, legend below, small margins."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C7AA9", "#7A7A7A")
CONFIG = {"displaylogo": False, "displayModeBar": False}


def frame(fig: go.Figure, title: str, x: str, y: str, height: int = 340) -> go.Figure:
    """Give a figure its title, axis names and the common layout.

    Args:
        fig: what to frame.
        title: "What it shows (n = …)"; the part in brackets becomes the subtitle.
        x, y: axis names with units.
        height: pixels.
    """
    head, _, n = title.partition(" (n =")
    subtitle = {"text": f"n ={n.rstrip(')')}" if n else "", "font": {"size": 11}}
    fig.update_layout(
        title={
            "text": head,
            "font": {"size": 14},
            "x": 0,
            "xanchor": "left",
            "y": 0.98,
            "yanchor": "top",
            "subtitle": subtitle,
        },
        height=height,
        margin={"l": 8, "r": 8, "t": 72, "b": 8},
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        colorway=list(PALETTE),
    )
    fig.update_xaxes(title={"text": x, "font": {"size": 12}}, automargin=True)
    fig.update_yaxes(title={"text": y, "font": {"size": 12}}, automargin=True)
    return fig


def show(fig: go.Figure, key: str, alt: str) -> None:
    """Draw a figure with a text alternative."""
    st.plotly_chart(fig, key=key, config=CONFIG, alt=alt)
