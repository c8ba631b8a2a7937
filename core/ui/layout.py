"""The frame of every page: heading, notices, empty states, rows of image cards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.device import describe
from core.domains import Domain
from core.errors import SynthLensError
from core.ui.state import registry

LOGO = Path(__file__).with_name("assets") / "logo.svg"
CONFIGS = Path(__file__).parents[2] / "configs"
RECIPES = {
    "generator": ("diffusion", "diffusion"),
    "classifier": ("classifier", "resnet"),
    "translator": ("cyclegan", "shape-cyclegan"),
}
NOTICE = (
    "For research and education. SynthLens is no medical device: nothing it shows is a diagnosis, "
    "and no decision about a person may rest on it."
)

_STYLE = """
<style>
  .stMainBlockContainer {max-width: 1500px; padding-top: 3.2rem; padding-bottom: 3rem;}
  [data-testid="stImage"] img {border-radius: 6px;}
  /* small words in the text's own colour: the accent is too dark for them on dark ground */
  [data-testid="stButtonGroup"] button[data-selected="true"] {
    color: inherit !important; font-weight: 600;
  }
  [data-testid="stSliderThumbValue"], [data-testid="stSliderThumbValue"] p {
    color: inherit !important;
  }
  /* paler than text, yet legible for weak eyes: at least 4.5 to 1, code included */
  [data-testid="stCaptionContainer"] {opacity: 0.8 !important;}
  [data-testid="stMetricValue"], table, .stDataFrame {font-variant-numeric: tabular-nums;}
  @media (max-width: 640px) {
    .stMainBlockContainer {padding-left: 1rem; padding-right: 1rem;}
  }
</style>
"""


def style() -> None:
    """Rules the theme has no option for."""
    st.html(_STYLE)


def header(title: str, lede: str) -> None:
    """A page's heading and one sentence on what it is for."""
    st.title(title, anchor=False)
    st.markdown(f":gray[{lede}]")


def sidebar_footer() -> None:
    """Device badge and research-use notice."""
    st.badge(describe(registry().device), icon=":material/memory:", color="gray")
    st.caption(NOTICE)


def empty(domain: Domain, task: str, what: str) -> None:
    """Say that a domain has no model for a task yet, and which command makes one."""
    trainer, name = RECIPES.get(task, (task, task))
    own = CONFIGS / domain.id / f"{name}.toml"
    config = f"configs/{domain.id}/{name}.toml" if own.exists() else "FILE"
    with st.container(border=True):
        st.markdown(f"#### No {task} for {domain.name} yet")
        st.markdown(f"{what} To train one on this machine:")
        st.code(
            f"python -m core train {trainer} --domain {domain.id} --config {config} "
            "--data ARCHIVE_OR_FOLDER",
            language=None,  # colours of the shell are too pale for some eyes
            wrap_lines=True,
        )
        st.caption("Other domains may have a model already: choose one in the sidebar.")


def caveats(domain: Domain) -> None:
    """The domain's known traps."""
    for sentence in domain.caveats:
        st.caption(f":material/info: {sentence}")


@contextmanager
def said_plainly() -> Iterator[None]:
    """Show a SynthLens error as its sentence instead of letting it end the page."""
    try:
        yield
    except SynthLensError as error:
        st.error(str(error), icon=":material/error:")


def card_row() -> DeltaGenerator:
    """A row that wraps: fixed-width cards flow to as many per line as the screen holds."""
    return st.container(horizontal=True, gap="small")


def card(width: int = 168) -> DeltaGenerator:
    """A bordered card for a row."""
    return st.container(border=True, width=width, gap="xsmall")
