"""The detector's answers in words and colours, the same on every page."""

from __future__ import annotations

import streamlit as st

from core.services.detection import Verdict
from core.ui.marked import marked

NAMES = {
    "real": "Looks real",
    "synthetic": "Looks synthetic",
    "unsure": "Unsure",
    "out_of_scope": "Out of scope",
}
COLOURS = {"real": "blue", "synthetic": "violet", "unsure": "orange", "out_of_scope": "gray"}
ICONS = {
    "real": ":material/photo_camera:",
    "synthetic": ":material/auto_awesome:",
    "unsure": ":material/help:",
    "out_of_scope": ":material/block:",
}
MEANING = {
    "real": "The detector sees no trace of the generators it knows. Other generators exist.",
    "synthetic": "The detector sees traces of a generator.",
    "unsure": "The evidence does not settle it: treat the origin as unknown.",
    "out_of_scope": "The image is not of the chosen domain, so no verdict is given.",
}
_SHADES = {"real": "#2269A833", "synthetic": "#8C5FB833", "unsure": "#B86E0033"}


def chance(p: float) -> str:
    """A probability in words that never claim certainty."""
    return "under 1 %" if p < 0.01 else "over 99 %" if p > 0.99 else f"{p * 100:.0f} %"


def verdict_badge(verdict: Verdict, short: bool = False) -> None:
    """A verdict as a badge, with its probability."""
    share = "" if verdict.p_synthetic is None else f" {chance(verdict.p_synthetic)}"
    name = NAMES[verdict.verdict]
    st.badge(
        (name.split()[-1].capitalize() if short else name + " ·" * bool(share)) + share,
        color=COLOURS[verdict.verdict],  # type: ignore[arg-type]
        icon=ICONS[verdict.verdict],
        help=MEANING[verdict.verdict]
        + " The share is the calibrated probability of being synthetic.",
    )


def summary(verdict: Verdict) -> None:
    """The evidence as one sentence with the words that carry it marked."""
    shade = _SHADES.get(verdict.verdict, "#80808033")
    parts: list[str | tuple[str, str, str]] = [
        "Verdict: ",
        (NAMES[verdict.verdict].lower(), "", shade),
    ]
    if verdict.p_synthetic is not None:
        parts += [" with ", (chance(verdict.p_synthetic), "p synthetic", shade)]
    flips = [s for s in verdict.stability if s["verdict"] != verdict.stability[0]["verdict"]]
    if verdict.stability:
        same = len(verdict.stability) - 1 - len(flips)
        parts += [
            "; the answer holds under ",
            (f"{same} of {len(verdict.stability) - 1}", "", shade),
        ]
        parts += [" re-encodings"]
    if flips:
        parts += [" and changes under ", (", ".join(s["name"] for s in flips), "", "#B86E0033")]
    if verdict.families and verdict.verdict == "synthetic":
        name, share = next(iter(verdict.families.items()))
        parts += ["; looks most like ", (name.split("/")[-1], f"{share:.2f}", shade)]
    marked(*parts, ".")
