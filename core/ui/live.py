"""Sliders on latent directions with a live image: edits, history, comparison with the start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.cards import Card
from core.domains import Domain
from core.latent.effects import REACH, SMALL
from core.registry import Registry
from core.services.latent import Handle, draw, handles
from core.ui import collector, state
from core.ui.changes import answers, compared
from core.ui.edits import Edit, Values
from core.ui.pictures import difference, uri

MOST_SLIDERS = 8
SHOWN_STEPS = 10
_ASSETS = Path(__file__).with_name("assets")
_sliders = st.components.v2.component(
    "latent_sliders",
    html=(_ASSETS / "live.html").read_text(),
    css=(_ASSETS / "live.css").read_text(),
    js=(_ASSETS / "live.js").read_text(),
)


@dataclass(frozen=True)
class Start:
    """What the sliders start from.

    Attributes:
        key: tells it from other starts: model, class and seed, or an upload's digest.
        styles: (layers, w_dim).
        class_id: the class it is of, or is taken for.
        seed: of the texture that the autoencoder may add.
        upload: the image that `styles` reproduce, (S, S, C) uint8; None for a drawn one.
    """

    key: tuple[Any, ...]
    styles: np.ndarray = field(compare=False)
    class_id: str
    seed: int = 0
    upload: np.ndarray | None = field(default=None, compare=False)


def kept_handles(registry: Registry, card: Card) -> list[Handle]:
    """A generator's directions, found once per session."""
    return state.remember("handles", (card.id,), lambda: handles(registry, card.id))


def choose_handles(found: list[Handle], moved: Values) -> list[Handle]:
    """Select which directions get a slider, those that are moved at first among them.

    The choice is in the URL; the order is the catalogue's, so that a sum of moves is the same to
    the last bit wherever it is opened.
    """
    by_id = {h.id: h for h in found}
    first = [k for k in by_id if k in moved or k in best(found)][:MOST_SLIDERS]
    chosen = st.multiselect(
        "Directions", list(by_id), first, key="directions", bind="query-params",
        format_func=lambda i: by_id[i].name, max_selections=MOST_SLIDERS,
    )  # fmt: skip
    return [h for h in found if h.id in chosen]


def best(found: list[Handle], most: int = 4) -> list[str]:
    """Directions to begin with: those with a clear effect, or the first ones."""
    clear = [h.id for h in found if "no clear effect" not in h.name]
    return (clear + [h.id for h in found if h.id not in clear])[:most]


def current(model: str) -> Edit:
    """This session's edit of a generator's images; the URL's where there is none yet."""
    kept: dict[str, Edit] = st.session_state.setdefault("_edits", {})
    if model not in kept:
        kept[model] = Edit.from_text(st.query_params.get("edit", ""))
    return kept[model]


@st.fragment
def editor(
    registry: Registry, domain: Domain, card: Card, start: Start, chosen: list[Handle]
) -> None:
    """Sliders beside the edited image, the start and their difference, and what changed.

    While a slider moves only the image and the difference are drawn; what other models say, the
    history and the URL follow when it rests.
    """
    edit = current(card.id)
    with st.container(horizontal=True, gap="small"):
        st.button("Undo", on_click=edit.undo, icon=":material/undo:", disabled=not edit.can_undo)
        st.button("Redo", on_click=edit.redo, icon=":material/redo:", disabled=not edit.can_redo)
        st.button("Reset", on_click=edit.reset, icon=":material/restart_alt:",
                  disabled=not edit.values)  # fmt: skip
    view = View(registry, domain, card, start, chosen)
    edited = view.drawn(edit.values)
    data = view.picture(edit, edited)
    if not edit.live:
        data["pictures"] |= view.still()
        data |= view.rest(edit, edited)
        _to_url(edit)
    key = f"sliders:{card.id}"
    _sliders(
        key=key, data=data, default={"edit": None},
        on_edit_change=lambda: edit.take(st.session_state[key].get("edit")),
        on_jump_change=lambda: edit.jump(int(st.session_state[key].get("jump") or 0)),
    )  # fmt: skip
    if not edit.live:
        collector.set_aside()
    edit.live = False


def _to_url(edit: Edit) -> None:
    text = edit.to_text()
    if text:
        st.query_params["edit"] = text
    elif "edit" in st.query_params:
        del st.query_params["edit"]


@dataclass(frozen=True)
class View:
    """What the sliders show of one start."""

    registry: Registry
    domain: Domain
    card: Card
    start: Start
    chosen: list[Handle]

    def drawn(self, values: Values) -> np.ndarray:
        """The image at slider values, (S, S, C) uint8."""
        moves = [(h, values[h.id]) for h in self.chosen if h.id in values]
        return draw(self.registry, self.card.id, self.start.styles, moves, self.start.seed)

    def first(self) -> np.ndarray:
        """The image with all sliders at rest."""
        return state.remember("starts", (self.start.key,), lambda: self.drawn({}))

    def picture(self, edit: Edit, edited: np.ndarray) -> dict[str, Any]:
        """What every request is answered with: the edited image and the difference."""
        sliders = [{"id": h.id, "name": h.name, "value": edit.values.get(h.id, 0.0)}
                   for h in self.chosen]  # fmt: skip
        return {
            "sliders": sliders, "reach": REACH, "step": 0.1, "seq": edit.seq,
            "version": f"{self.start.key}:{edit.version}", "moves": edit.to_text(),
            "pictures": {
                "edited": shown("Edited", edited),
                "difference": shown("Difference to the start, largest change brightest",
                                    difference(self.first(), edited)),
            },
        }  # fmt: skip

    def still(self) -> dict[str, Any]:
        """The pictures that do not move."""
        upload = self.start.upload
        name = "Start" if upload is None else "Reconstruction"
        return {
            "start": shown(name, self.first()),
            "upload": None if upload is None else shown("Your image", upload, "as uploaded"),
        }

    def rest(self, edit: Edit, edited: np.ndarray) -> dict[str, Any]:
        """What is added when the sliders rest: measured changes and history."""
        ask = lambda pixels: answers(self.registry, self.domain, pixels, self.start.class_id)  # noqa: E731
        before = state.remember("start_answers", (self.start.key,), lambda: ask(self.first()))
        after = ask(edited) if edit.values else before
        return {
            "rows": compared(before, after),
            "note": after.note,
            "history": self.history(edit),
        }

    def history(self, edit: Edit) -> list[dict[str, Any]]:
        """The last steps with their images, the current one marked."""
        low = max(0, len(edit.steps) - SHOWN_STEPS)
        ids = tuple(h.id for h in self.chosen)
        names = {h.id: h.name for h in self.chosen}
        found = []
        for index, values in list(enumerate(edit.steps))[low:]:
            key = (self.start.key, ids, tuple(values.items()))
            source = state.remember("steps", key, lambda v=values: uri(self.drawn(v)), 60)  # type: ignore[misc]
            label = ", ".join(f"{names.get(k, k)} {v:+g}" for k, v in values.items()) or "start"
            found.append({"index": index, "src": source, "label": label, "now": index == edit.at})
        return found


def shown(caption: str, pixels: np.ndarray, kind: str = "synthetic image") -> dict[str, str]:
    """One picture for the sliders."""
    return {"src": uri(pixels), "caption": caption, "alt": f"{caption}, {kind}"}


def effect_table(found: list[Handle]) -> pd.DataFrame:
    """What the shipped table says of each direction: significant effects with intervals."""
    rows = [
        {
            "Direction": handle.name,
            "Moves": effect["quantity"],
            "Change per deviation": f"{effect['slope']:+.3g}",
            "95 % CI": f"{effect['low']:+.3g} to {effect['high']:+.3g}",
            "In deviations": round(effect.get("standardised", float("nan")), 2),
            "Monotone": "yes" if effect["monotone"] else "no",
            "n": handle.n,
        }
        for handle in found
        for effect in handle.effects
        if effect["significant"]
    ]
    return pd.DataFrame(rows)


def summary(found: list[Handle]) -> pd.DataFrame:
    """Every direction in one row: significant effects, how many it moves, and identity."""
    rows = []
    for handle in found:
        sure = [e for e in handle.effects if e["significant"] and e["monotone"]]
        share = handle.identity
        rows.append(
            {
                "Direction": handle.name,
                "Significant and monotone": f"{len(sure)} of {len(handle.effects)}",
                "Moves clearly": sum(abs(e.get("standardised", 0)) >= SMALL for e in sure),
                f"Distance at ±{REACH:g}": f"{share['share']:.2f} ({share['low']:.2f} to "
                f"{share['high']:.2f})" if share else "",
                "n": handle.n,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
