"""Synthetic images to look at: those drawn ahead of time, and those of this session."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from core.domains import Domain
from core.registry import Registry
from core.services.generation import GeneratedImage
from core.ui.layout import card_row

MOST_RUNS = 12


@dataclass
class Run:
    """One press of the button: images of one model, the first image on its way, a remark."""

    images: list[GeneratedImage]
    trajectory: list[np.ndarray] = field(default_factory=list)
    note: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(4))


@lru_cache(maxsize=16)
def _read(folder: Path, stamp: int) -> tuple[GeneratedImage, ...]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    found = []
    for entry in content.get("images", []):
        path = folder / Path(entry["file"]).name
        if not path.exists():
            continue
        pixels = np.asarray(Image.open(path))
        found.append(
            GeneratedImage(
                pixels if pixels.ndim == 3 else pixels[..., None],
                entry.get("domain") or content["domain"],
                entry["class"],
                entry.get("model") or content["model"],
                int(entry["seed"]),
                dict(entry.get("options") or content.get("options") or {}),
            )
        )
    return tuple(found)


def shipped(registry: Registry, domain: Domain) -> tuple[GeneratedImage, ...]:
    """Images of `checkpoints/<domain>/gallery`, or none where the folder is missing or broken."""
    folder = registry.root / domain.id / "gallery"
    manifest = folder / "manifest.json"
    if not manifest.exists():
        return ()
    try:
        return _read(folder, manifest.stat().st_mtime_ns)
    except (ValueError, KeyError, OSError):
        return ()


def spread(images: tuple[GeneratedImage, ...], most: int) -> list[GeneratedImage]:
    """At most `most` images, taking classes in turn so that each is seen."""
    by_class: dict[str, list[GeneratedImage]] = {}
    for image in images:
        by_class.setdefault(image.class_id, []).append(image)
    rounds = max((len(v) for v in by_class.values()), default=0)
    mixed = [v[i] for i in range(rounds) for v in by_class.values() if i < len(v)]
    return mixed[:most]


def show_shipped(registry: Registry, domain: Domain, most: int = 18) -> bool:
    """Draw the gallery made ahead of time; False where there is none."""
    images = spread(shipped(registry, domain), most)
    with card_row():
        for image in images:
            with st.container(width=148, gap="xxsmall"):
                name = domain.class_name(image.class_id)
                st.image(image.pixels.squeeze(), width="stretch", alt=f"Synthetic image: {name}")
                st.caption(f"{name}  \nseed {image.seed}")
    if images:
        models = ", ".join(sorted({image.model for image in images}))
        st.caption(f"Every image above is synthetic, drawn by {models}; no patient is shown.")
    return bool(images)


def runs() -> list[Run]:
    """What this session generated, newest first."""
    return st.session_state.setdefault("_runs", [])


def keep(new: list[Run]) -> None:
    """Put runs in front of the session's gallery; the oldest go."""
    st.session_state["_runs"] = (new + runs())[:MOST_RUNS]


def drop(run_id: str) -> None:
    """Delete one run of the session's gallery."""
    st.session_state["_runs"] = [run for run in runs() if run.id != run_id]


def pickable(registry: Registry, domain: Domain) -> dict[str, GeneratedImage]:
    """Generated images that another page may work on: name -> image, this session's first."""
    own = [i for run in runs() for i in run.images if i.domain == domain.id]
    found: dict[str, GeneratedImage] = {}
    for image in [*own, *spread(shipped(registry, domain), 64)]:
        model = image.model.split("/")[-1]
        found[f"{domain.class_name(image.class_id)} · {model} · seed {image.seed}"] = image
    return found
