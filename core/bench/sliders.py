"""The sliders in a real browser: how long from a move until its image is on the screen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from core.bench.base import Measurement
from core.errors import SynthLensError

MOVES = 50
GOAL = 0.25  # seconds, 95th percentile on two idle cores
_SCRIPT = Path(__file__).with_suffix(".js")


def drive(url: str, moves: int = MOVES, pause: int = 700, browser: str | None = None) -> dict:
    """Move sliders of a running app in Chromium.

    Args:
        url: of the latent page, such as "http://localhost:8501/latent_space".
        moves: single moves, and again as many in one drag.
        pause: milliseconds between single moves; enough to let the sliders rest.
        browser: Chromium's path; found on PATH by default.

    Returns:
        "times" (seconds per single move until its image was painted), "lost" (moves whose image
        never came), "disorder" (older images that replaced newer ones), "shown" (images painted
        during the drag), "restored" (whether the address gives the very same image in a new tab),
        "load" (the machine's load average).

    Raises:
        SynthLensError: no Playwright, no Chromium, or no sliders at the address.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise SynthLensError("This needs Playwright: pip install playwright.") from error
    path = browser or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SynthLensError("There is no Chromium on this machine's PATH.")
    with sync_playwright() as play:
        window = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = window.new_page(viewport={"width": 1440, "height": 1000})
            _open(page, url)
            single = page.evaluate(_call(moves, pause, False))
            drag = page.evaluate(_call(moves, 40, True))
            again = window.new_page(viewport={"width": 1440, "height": 1000})
            _open(again, page.url)
            restored = again.evaluate(_IMAGE) == drag["src"]
        except Error as error:
            raise SynthLensError(f"No sliders could be moved at {url}: {error}") from error
        finally:
            window.close()
    return {
        "times": [t / 1000 for t in single["times"]],
        "lost": single["lost"] + drag["lost"],
        "disorder": single["disorder"] + drag["disorder"],
        "shown": drag["shown"],
        "restored": restored,
        "load": os.getloadavg()[0],
    }


_IMAGE = """() => document.querySelector('[data-testid="stBidiComponentIsolated"]').shadowRoot
  .querySelector('figure[data-name="edited"] img').src"""
_READY = """() => document.querySelector('[data-testid="stBidiComponentIsolated"]')?.shadowRoot
  ?.querySelector('figure[data-name="edited"] img')?.dataset.seq !== undefined"""


def _open(page: Any, url: str) -> None:
    page.route("**/*", lambda r: r.continue_() if _local(r.request.url, url) else r.abort())
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_function(_READY, timeout=120_000)
    page.wait_for_timeout(3_000)  # until the rest of the page has come


def _local(asked: str, url: str) -> bool:
    """Whether a request goes to the app itself: names that do not resolve cost seconds."""
    return urlsplit(asked).hostname in (urlsplit(url).hostname, None)


def _call(moves: int, pause: int, drag: bool) -> str:
    options = f"{{moves: {moves}, pause: {pause}, drag: {str(drag).lower()}}}"
    return f"({_SCRIPT.read_text().split(chr(10), 1)[1].strip().rstrip(';')})({options})"


def summarise(found: dict[str, Any]) -> Iterator[Measurement]:
    """Median and 95th percentile beside the goal, and the counts that must be 0."""
    times, n = np.asarray(found["times"]), len(found["times"])
    goal = "the goal on two idle cores"
    for name, q in (("median", 50), ("95th percentile", 95)):
        value = float(np.percentile(times, q))
        yield Measurement(f"slider move in Chromium, {name}", value, "s", GOAL, n, goal, "<= 1")
    for name in ("lost", "disorder"):
        yield Measurement(
            f"slider moves {name}", float(found[name]), "moves", 2.0 * n, 2 * n, "all moves", "<= 0"
        )
