"""What all figures share: axis names, title with n, legend below, small margins."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C7AA9", "#7A7A7A")
CONFIG = {"displaylogo": False, "displayModeBar": False}


def frame(fig: go.Figure, title: str, x: str, y: str, height: int = 340) -> go.Figure:
    """Give a figure its title (with n in it), axis names and the common layout."""
    fig.update_layout(
        title={"text": title, "font": {"size": 14}, "x": 0, "xanchor": "left"},
        height=height,
        margin={"l": 8, "r": 8, "t": 44, "b": 8},
        legend={"orientation": "h", "yanchor": "top", "y": -0.24, "x": 0},
        colorway=list(PALETTE),
    )
    fig.update_xaxes(title_text=x, automargin=True)
    fig.update_yaxes(title_text=y, automargin=True)
    return fig


def show(fig: go.Figure, key: str, alt: str) -> None:
    """Draw a figure with a text alternative."""
    st.plotly_chart(fig, key=key, config=CONFIG, alt=alt)
