"""The part of the verdict page that says how far the detector itself can be trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamlit as st

from core.cards import Card, read_metrics
from core.evaluate import unseen_degradation
from core.evaluate.leave_one_out import DECODER, FILE
from core.registry import Registry
from core.ui.figures import detector_trust as figures
from core.ui.figures.frame import show


def draw(registry: Registry, card: Card) -> None:
    """Sentences, families and curves from the files of evaluation; nothing without them."""
    folder = registry.folder(card.id)
    metrics, left = read_metrics(folder), read_left_out(folder)
    worn = read_left_out(folder, unseen_degradation.FILE).get("kinds", {})
    if not metrics.get("families"):
        return
    with st.expander("How far to trust this detector"):
        for line in [*sentences(metrics, left), *longer(left), *unseen(worn)]:
            st.markdown(f"- {line}")
        n = sum(int(c["n"]) for c in metrics["real_classes"].values())
        show(figures.by_family(list(points(metrics, left)), n), "trust_families", "By family")
        if metrics.get("curves"):
            fig = figures.along_degradations(metrics["curves"], worn)
            show(fig, "trust_curves", "Degradations")


def read_left_out(folder: Path, name: str = FILE) -> dict[str, Any]:
    """What `leave-one-out` or `unseen-degradation` wrote; empty where it has not run."""
    path = folder / name
    return dict(json.loads(path.read_text())) if path.exists() else {}


def points(metrics: dict[str, Any], left: dict[str, Any]) -> Iterator[figures.Point]:
    """Every family's balanced accuracy, as given, with how the detector stood to it."""
    for name, own in metrics["families"].items():
        kind = "seen" if own["seen"] else "never trained on"
        yield short(name), kind, own["balanced_accuracy"]
    for group, found in left.get("groups", {}).items():
        kind = "without the decoder" if group == DECODER else "left out"
        for name, own in found["families"].items():
            yield short(name), kind, own["as_given"]["balanced_accuracy"]


def short(family: str) -> str:
    """A family's name without its domain."""
    return family.rsplit("/", 1)[-1].replace("-", " ")


def sentences(metrics: dict[str, Any], left: dict[str, Any]) -> list[str]:
    """What a person should know before believing a verdict, each with its figure."""
    lines = []
    if summary := left.get("summary"):
        alone, together = summary, summary["without_decoder"]
        if alone["mean"] is not None:
            lines.append(
                f"On generators that its training never held: balanced accuracy "
                f"**{alone['mean']:.2f}** on average over {len(alone['families'])}, "
                f"{alone['least']:.2f} at least."
            )
        if together["mean"] is not None:
            lines.append(
                "Our generators share one decoder, and so its traces. Trained without any image "
                f"of it, a detector reaches {together['mean']:.2f} on average over "
                f"{len(together['families'])}, {together['least']:.2f} at least."
            )
    for source, own in metrics.get("other_sources", {}).items():
        low, high = own["ci"]
        lines.append(
            f"Real images from {source}: {own['rate']:.0%} called synthetic at the threshold "
            f"({low:.0%} to {high:.0%}, n = {own['n']})."
        )
    probe = metrics.get("file_trace_probe", {})
    if "file" in probe:
        lines.append(
            "File traces alone (headers, block grid, histogram gaps), after equal re-encoding: "
            f"AUC {probe['file']['value']:.2f}; on a constant image "
            f"{probe['constant']['value']:.2f}; chance is 0.50."
        )
    return lines


def longer(left: dict[str, Any]) -> list[str]:
    """What longer training did for a generator left out: a line for each that was trained again."""
    lines = []
    for group, found in left.get("groups", {}).items():
        curve = found.get("curve", [])
        if group == DECODER or len(curve) < 2:
            continue
        start, end = (point["balanced_accuracy"][group] for point in (curve[0], curve[-1]))
        lines.append(
            f"Without {short(group)}: {start:.2f} after {curve[0]['images_seen']:,} training "
            f"images, {end:.2f} after {curve[-1]['images_seen']:,}."
        )
    return lines


def unseen(kinds: dict[str, Any]) -> list[str]:
    """What a degradation costs that training never held, at its worst amount."""
    lines = []
    for kind, found in kinds.items():
        points = [p for p in found["curve"] if p["amount"] is not None]
        if not points:
            continue
        given = next(p for p in found["curve"] if p["amount"] is None)
        worst = min(points, key=lambda p: p["balanced_accuracy"]["value"])
        own, known = (_fall(given, worst), _fall(given["trained_on_it"], worst["trained_on_it"]))
        lines.append(
            f"Trained without {kind} ({found['images_seen']:,} images), a detector goes from {own} "
            f"at {worst['amount']:g}, its worst; this one, trained with it, from {known}."
        )
    return lines


def _fall(given: dict[str, Any], worn: dict[str, Any]) -> str:
    before, after = (p["balanced_accuracy"]["value"] for p in (given, worn))
    return f"{before:.2f} as given to {after:.2f} ({worn['unsure']:.0%} unsure)"
