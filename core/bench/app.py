"""The app in a real browser: from its start to the first useful paint, and from page to page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from core.bench.base import Measurement
from core.errors import SynthLensError

APP = Path(__file__).parents[2] / "app.py"
PATIENCE = 300.0  # seconds
ROUNDS, STARTS = 3, 3
POLL = 20  # milliseconds; a headless browser draws no frames to wait for where nothing moves
EMPTY = """from streamlit import Page, navigation, title
navigation([Page(lambda: title("One"), title="One", url_path="one", default=True),
            Page(lambda: title("Two"), title="Two", url_path="two")]).run()
"""
COMPARED = "two empty Streamlit pages in the same browser"
# a heading, a finished run and no placeholder: there is something to read and to press
READY = """title => document.querySelector('[data-testid=stMain] h1')?.textContent.trim() === title
  && document.querySelector('[data-test-script-state=notRunning]')
  && !document.querySelector('[data-testid=stSkeleton]')"""
# a fresh server lists the files of pages/ until the app's own navigation comes
FIRST_READY = f"""() => ({READY})(
  document.querySelector('[data-testid=stSidebarNavLink]').innerText.trim().split('\\n').pop().trim())"""
# a link's last line: the one before is its icon's name
NAMES = """() => [...document.querySelectorAll('[data-testid=stSidebarNavLink]')]
  .map(a => a.innerText.trim().split('\\n').pop().trim())"""


def run() -> Iterator[Measurement]:
    """Measure cold starts and page switches, beside those of an empty app."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        ours, theirs = drive(APP), drive(empty)
    cold, plain = median(ours["cold"]), median(theirs["cold"])
    yield Measurement(
        "app: cold start to the first useful paint", cold, "s", plain, STARTS, COMPARED
    )
    first, again = ours["first"], ours["again"]
    base = median(theirs["again"])
    name = "app: page switch, first visit of a page"
    yield Measurement(name, median(first), "s", base, len(first), COMPARED)
    name = "app: page switch, later visits"
    yield Measurement(name, median(again), "s", base, len(again), COMPARED)


def drive(script: Path) -> dict[str, list[float]]:
    """Seconds of cold starts, of every page's first visit and of later ones.

    Raises:
        SynthLensError: no Playwright, no Chromium, or a page that never came.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise SynthLensError("This needs Playwright: pip install playwright.") from error
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SynthLensError("There is no Chromium on this machine's PATH.")
    found: dict[str, list[float]] = {"cold": [], "first": [], "again": []}
    with sync_playwright() as play:
        window = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            for start in range(STARTS):
                with serving(script) as (url, began):
                    page = window.new_page(viewport={"width": 1440, "height": 1000})
                    _open(page, url)
                    found["cold"].append(time.monotonic() - began)
                    if start == STARTS - 1:
                        _round(page, found)
                    page.close()
        except Error as error:
            raise SynthLensError(f"The app's pages did not come: {error}") from error
        finally:
            window.close()
    return found


def _open(page: Any, url: str) -> None:
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector("[data-testid=stSidebarNavLink]")
    page.wait_for_function(FIRST_READY, polling=POLL)


def _round(page: Any, found: dict[str, list[float]]) -> None:
    """Click through all pages, several times; the one that is open already counts as visited."""
    links = page.locator("[data-testid=stSidebarNavLink]")
    names = page.evaluate(NAMES)
    order = [*range(1, len(names)), 0]
    for turn in range(ROUNDS + 1):
        for place in order:
            began = time.monotonic()
            links.nth(place).click()
            page.wait_for_function(READY, arg=names[place], polling=POLL)
            key = "again" if turn or place == 0 else "first"
            found[key].append(time.monotonic() - began)


@contextmanager
def serving(script: Path) -> Iterator[tuple[str, float]]:
    """A script served by Streamlit: its address and when the process was started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
    command += ["--browser.gatherUsageStats", "false"]
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=script.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, began)
        yield url, began
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str, began: float) -> None:
    while time.monotonic() - began < PATIENCE:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):  # nosec B310: http only
                return
        except OSError:
            time.sleep(0.05)
    raise SynthLensError("The app did not start.")
