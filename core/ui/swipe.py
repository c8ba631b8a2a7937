"""Two pictures of the same place under one another, uncovered by a slider."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.ui.figures.maps import data_uri

_HTML = """
<div class="frame"><img class="under"><img class="over"><div class="bar"></div></div>
<input type="range" min="0" max="100" value="50">
<div class="names"><span class="left"></span><span class="right"></span></div>
"""
_CSS = """
.frame {position: relative; aspect-ratio: 1; max-width: 420px; overflow: hidden;
        border-radius: 6px; background: #000;}
.frame img {position: absolute; inset: 0; width: 100%; height: 100%;}
.bar {position: absolute; top: 0; bottom: 0; width: 2px; background: #E69F00;}
input {width: 100%; max-width: 420px; margin: 8px 0 0; accent-color: var(--st-primary-color);}
.names {display: flex; justify-content: space-between; max-width: 420px;
        font: 13px var(--st-font); color: var(--st-text-color);}
"""
_JS = """
export default function ({ parentElement, data }) {
  const find = (name) => parentElement.querySelector(name);
  const over = find(".over"), under = find(".under"), bar = find(".bar"), input = find("input");
  over.src = data.left; over.alt = data.leftName;
  under.src = data.right; under.alt = data.rightName;
  find(".left").textContent = "← " + data.leftName;
  find(".right").textContent = data.rightName + " →";
  input.setAttribute("aria-label", data.leftName + " against " + data.rightName);
  const move = () => {
    over.style.clipPath = `inset(0 ${100 - input.value}% 0 0)`;
    bar.style.left = `calc(${input.value}% - 1px)`;
  };
  input.oninput = move;
  const drag = (event) => {
    if (event.buttons !== 1 && event.type !== "pointerdown") return;
    const box = find(".frame").getBoundingClientRect();
    input.value = Math.round(100 * (event.clientX - box.left) / box.width);
    move();
  };
  find(".frame").onpointerdown = drag;
  find(".frame").onpointermove = drag;
  move();
}
"""
_component = None


def swipe(left: np.ndarray, right: np.ndarray, names: tuple[str, str], key: str) -> None:
    """Show `left` up to a bar and `right` beyond it; the bar follows a slider or the pointer.

    Args:
        left, right: (S, S) uint8 each.
        names: what they are.
        key: of the element.
    """
    global _component
    if _component is None:
        _component = st.components.v2.component("synthlens_swipe", html=_HTML, css=_CSS, js=_JS)
    content = {"left": data_uri(left), "right": data_uri(right)}
    _component(key=key, data={**content, "leftName": names[0], "rightName": names[1]})
