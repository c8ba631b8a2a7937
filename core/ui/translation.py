"""The parts of the MRI to CT page: result row, explanations, figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.cards import Card
from core.registry import Registry
from core.services.queue import turn
from core.services.translation import LABELS, Translation, measured
from core.training.dynamics import read_log
from core.translation.explain import critique, saliency
from core.translation.window import Window
from core.ui import state
from core.ui.figures import translation as figures
from core.ui.figures.frame import show
from core.ui.swipe import swipe

COMMANDS = """\
python -m core train cyclegan --domain brain_mri --data ARCHIVE --time-budget 35m \\
    --config configs/brain_mri/cyclegan-96.toml
python -m core train cyclegan --domain brain_mri --data ARCHIVE --time-budget 35m \\
    --config configs/brain_mri/shape-cyclegan-96.toml
python -m core evaluate translator --domain brain_mri --data ARCHIVE"""


def missing() -> None:
    """What the page lacks without a translator, and the commands that make and measure one."""
    with st.container(border=True):
        st.markdown("#### No translator yet")
        st.markdown(
            "This page needs a model that was trained on MRI and CT slices of the head. None is "
            "shipped: nothing can be translated and nothing was measured. With the archive "
            "`brain-mri-ct.zip` (unpaired and aligned slices) two are trained and measured by:"
        )
        st.code(COMMANDS, language="bash", wrap_lines=True)
        st.caption(
            "CycleGAN and the variant that is to beat it, at 96 px: 35 minutes each on one CPU "
            "core. With a GPU take `cyclegan.toml` and `shape-cyclegan.toml` instead: 256 px. "
            "The page shows a new model once its checkpoint is there; reload it then."
        )


def choose_window(own: Window) -> Window:
    """Window and level for CT pictures; both are in the URL."""
    left, right = st.columns(2)
    width = left.slider(
        "Window width, HU", 10, 80, int(own.width), 5, key="width", bind="query-params"
    )
    level = right.slider(
        "Window level, HU", 0, 80, int(own.level), 5, key="level", bind="query-params"
    )
    return Window(float(width), float(level))


def row(found: Translation, view: Window) -> None:
    """Input, output, cycle and error map beside each other."""
    assert found.output is not None and found.cycle is not None
    source, target = found.kinds
    error = figures.signed(found.error_map(), figures.STRONGEST)
    shown = (
        (_view(found.source, source, found, view), f"Input: {LABELS[source]}"),
        (_view(found.output, target, found, view), f"Output: synthetic {LABELS[target]}"),
        (_view(found.cycle, source, found, view), f"Cycle: synthetic {LABELS[source]} of it"),
        (error, f"Cycle minus input, ±{figures.STRONGEST:g} grey levels"),
    )
    for column, (picture, caption) in zip(st.columns(4), shown):
        column.image(picture, caption, width="stretch", alt=caption)
    st.caption(
        f"Cycle error {found.cycle_error:.1f} grey levels inside the head (n = 1 slice). Blue is "
        "darker than the input, orange brighter. A small cycle error does not prove that the "
        "output is right: a model can hide what it needs for the way back."
    )


def compare(found: Translation, view: Window) -> None:
    """The swipe comparison of input and output."""
    assert found.output is not None
    source, target = found.kinds
    swipe(
        _view(found.source, source, found, view),
        _view(found.output, target, found, view),
        (LABELS[source], f"synthetic {LABELS[target]}"),
        "swipe",
    )


def critic(registry: Registry, found: Translation) -> None:
    """Grad-CAM on the critic, once asked for."""
    st.markdown("**What looks real to the critic**")
    if not st.toggle("Compute Grad-CAM on the critic", key="critic"):
        st.caption("Where the network that judged translations in training finds fault.")
        return
    assert found.output is not None
    output = found.output

    def compute() -> tuple[np.ndarray, float]:
        with turn():
            one = critique(registry.get(found.model), output, found.direction)
        return one.cam, one.mean

    cam, mean = state.remember(
        "critic", (found.source_sha256, found.model, found.direction), compute
    )
    st.image(figures.signed(cam, 1.0, output), width="stretch", alt="Grad-CAM on the critic")
    st.caption(
        f"Mean patch score {mean:.2f} (1 real, 0 translated; trained together with this generator, "
        "so it is no verdict). Orange: evidence for real, blue: for translated."
    )


def origin(registry: Registry, found: Translation) -> None:
    """Saliency of a region of the output back to the input, once asked for."""
    st.markdown("**Where a region comes from**")
    side = len(found.source)
    x, y = (
        column.slider(label, 0, 100, 50, 5, key=name, format="%d %%", bind="query-params")
        for column, label, name in zip(
            st.columns(2), ("Region, from the left", "Region, from the top"), ("x", "y")
        )
    )
    box = region(x, y, side)
    if not st.toggle("Compute its saliency", key="origin"):
        assert found.output is not None
        st.image(figures.outlined(found.output, box), width="stretch", alt="Region of the output")
        st.caption("The green square is the region of the output.")
        return

    def compute() -> tuple[np.ndarray, float, float]:
        with turn():
            one = saliency(registry.get(found.model), found.source, found.direction, box)
        return one.values, one.inside, one.area

    key = (found.source_sha256, found.model, found.direction, box)
    values, inside, area = state.remember("saliency", key, compute)
    st.image(figures.heat(values, found.source, box), width="stretch", alt="Saliency on the input")
    st.caption(
        f"{inside:.0%} of the gradient lies in the same place of the input, which is {area:.1%} of "
        "the picture: what chance would give."
    )


def region(x: int, y: int, side: int) -> tuple[int, int, int, int]:
    """A square of an eighth of the side around a place given in per cent."""
    half = side // 16
    cx, cy = (int(np.clip(round(v / 100 * side), half, side - half)) for v in (x, y))
    return cx - half, cy - half, cx + half, cy + half


def results(registry: Registry, cards: list[Card], direction: str) -> None:
    """What was measured on cases never trained on, from the metrics files alone."""
    st.subheader("Measured on whole cases never seen in training", anchor=False)
    known = measured(registry, direction)
    if not known:
        st.caption("Not measured yet: run 'python -m core evaluate translator --domain brain_mri'.")
        return
    rows = {title: m["figures"] for title, m in known.items()}
    # the model measured on most cases has the baseline of most cases
    first = max(known.values(), key=lambda m: len(m["cases"]))
    if first["baseline"]:
        rows["No model: a skull drawn along the outline"] = first["baseline"]
    _frame(figures.table(rows), "Errors by model")
    gaps = {t: m["minus_cyclegan"] for t, m in known.items() if m["minus_cyclegan"]}
    if gaps:
        st.markdown("**Difference from CycleGAN**, paired by case")
        _frame(figures.table(gaps, differences=True), "Differences from CycleGAN")
    window = first["window"]
    st.caption(
        f"Inside the head; brackets: 95 % interval over cases. HU through the window of width "
        f"{window['width']:g}, level {window['level']:g}, which is assumed. {first['note']}"
    )
    _charts(registry, cards, known)


def _charts(registry: Registry, cards: list[Card], known: dict[str, dict[str, Any]]) -> None:
    left, right = st.columns(2)
    with left:
        show(figures.by_case({t: m["cases"] for t, m in known.items()}, "mae"), "cases", "By case")
        kid = [f"{t}: {m['kid']['value']:.4f} ± {m['kid']['sd']:.4f}" for t, m in known.items()]
        real = next(iter(known.values()))["kid"]
        st.caption(
            f"KID to real slices, in the encoder's features: {'; '.join(kid)}. Real to real of "
            f"other people: {real['real']:.4f} ± {real['real_sd']:.4f}."
        )
    logs = {c.title: read_log(registry.folder(c.id) / "history.jsonl") for c in cards}
    order = [t for t in known if t in logs] + [t for t in logs if t not in known]  # same colours
    logs = {t: logs[t] for t in order if any("val_mae" in r for r in logs[t])}
    with right:
        if logs:
            label = "Validation MAE, MRI to CT"
            show(figures.training(logs, "val_mae", label), "curve", "Training curve")


def _frame(lines: list[dict[str, str]], alt: str) -> None:
    st.dataframe(pd.DataFrame(lines), hide_index=True, placeholder="–", alt=alt)


def _view(picture: np.ndarray, kind: str, found: Translation, view: Window) -> np.ndarray:
    return found.window.view(picture, view) if kind == "ct" else picture
