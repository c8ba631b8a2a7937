"""A text whose words show, when pointed at or focused, where they acted in the image."""

from __future__ import annotations

import html

import numpy as np
import plotly.colors
import streamlit as st

from core.explain.text import TextExplanation, Word
from core.ui.figures.maps import data_uri
from core.ui.marked import marked

FOR, AGAINST = "0, 114, 178", "213, 94, 0"  # blue for, orange against: told apart by all eyes
STRONG = 0.15  # share of the largest value from which a word's number is shown
SIDE = 300  # px of the image

_STYLE = """
.words-over {position: relative; width: 100%%; max-width: %dpx; aspect-ratio: 1; margin: .5rem 0;}
.words-over img {position: absolute; inset: 0; width: 100%%; height: 100%%; border-radius: 6px;}
.words-over .layer {opacity: 0; transition: opacity .12s; mix-blend-mode: normal;}
.words-text {line-height: 2.1;}
.words-text span {padding: .15rem .3rem; border-radius: 5px; cursor: pointer;}
.words-text span:hover, .words-text span:focus {outline: 2px solid rgb(0, 114, 178);}
"""


def highlighted(found: TextExplanation) -> None:
    """Words with the weight of their attribution: blue speaks for the target, orange against."""
    top = max((abs(w.value) for w in found.words), default=0.0) or 1.0
    parts: list[str | tuple[str, str, str]] = []
    for word in found.words:
        share = abs(word.value) / top
        shade = f"rgba({FOR if word.value > 0 else AGAINST}, {0.5 * share:.2f})"
        shown = f"{word.value:+.2f}" if share >= STRONG else ""
        parts += [(word.text, shown, shade) if share > 0.03 else word.text, " "]
    marked(*parts)


def hover(found: TextExplanation) -> None:
    """The text beside its image; the map of a word appears while it is pointed at or focused."""
    rules = [_STYLE % SIDE]
    spans, layers = [], []
    for k, word in enumerate(found.words):
        state = f".words-box:has(.w{k}:hover) .l{k}, .words-box:has(.w{k}:focus) .l{k}"
        rules.append(f"{state} {{opacity: 1;}}")
        spans.append(f'<span class="w{k}" tabindex="0">{html.escape(word.text)}</span>')
        alt = html.escape(f"Attention of {word.text}", quote=True)
        layers.append(f'<img class="layer l{k}" src="{attention_uri(word)}" alt="{alt}">')
    picture = f'<img src="{data_uri(found.image)}" alt="Synthetic chest X-ray">'
    st.html(
        f"<style>{''.join(rules)}</style><div class='words-box'>"
        f"<div class='words-text'>{' '.join(spans)}</div>"
        f"<div class='words-over'>{picture}{''.join(layers)}</div></div>"
    )


def attention_uri(word: Word) -> str:
    """A word's attention as a translucent picture: what exceeds its fair share, in Cividis."""
    excess = np.clip(word.attention - word.attention.min(), 0, None)
    return _rgba(excess / (excess.max() or 1.0))


def _rgba(level: np.ndarray) -> str:
    import base64
    import io

    from PIL import Image

    flat = level.ravel().tolist()
    colours = np.array(plotly.colors.sample_colorscale("Cividis", flat, colortype="tuple"))
    pixels = np.zeros((*level.shape, 4), np.uint8)
    pixels[..., :3] = np.rint(colours.reshape(*level.shape, 3) * 255)
    pixels[..., 3] = np.rint(170 * level)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def change_figure(word: Word, image: np.ndarray) -> np.ndarray:
    """The image with what a word's removal makes darker in orange and brighter in blue.

    Args:
        word: with `removed`.
        image: (S, S, C) uint8.

    Returns:
        (S, S, 3) uint8.
    """
    grey = np.repeat(image.astype(float).mean(2)[..., None], 3, axis=2)
    if word.removed is None:
        return grey.astype(np.uint8)
    change = word.removed / 255
    alpha = np.clip(np.abs(change) * 4, 0, 0.8)[..., None]
    blue, orange = np.array([86.0, 180.0, 233.0]), np.array([213.0, 94.0, 0.0])
    tint = np.where((change > 0)[..., None], blue, orange)
    return np.rint((1 - alpha) * grey + alpha * tint).astype(np.uint8)
