"""A running app and a real browser. The long part needs `make e2e` (SYNTHLENS_E2E=1)."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.driver import CHROMIUM, Window, open_browser

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items):
    here = [i for i in items if Path(__file__).parent in i.path.parents]
    for item in here:
        if not Path(CHROMIUM).exists():
            item.add_marker(pytest.mark.skip(reason=f"needs a browser at {CHROMIUM}"))
        elif item.get_closest_marker("e2e") and not os.environ.get("SYNTHLENS_E2E"):
            item.add_marker(pytest.mark.skip(reason="the long part: make e2e"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(arguments, log: Path, port: int, **environment):
    """The app in a process of its own, once it answers; and its address."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5)
            break
        except OSError:
            time.sleep(0.2)
    return process, url


@contextmanager
def serving(arguments, log: Path, port: int):
    """The app in a process of its own; ended on leaving."""
    process, url = start(arguments, log, port)
    try:
        yield url
    finally:
        process.terminate()
        process.wait(20)


class Toys:
    """The toy server: address, checkpoints and log."""

    def __init__(self, url, folder, log):
        self.url, self.folder, self.log = url, folder, log


@pytest.fixture(scope="session")
def toy_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    log, port = tmp_path_factory.mktemp("log") / "server.log", free_port()
    with serving(["-m", "tests.e2e.serve_toys", str(port), str(folder)], log, port) as url:
        yield Toys(url, folder, log)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The app as shipped."""
    log, port = tmp_path_factory.mktemp("log") / "server.log", free_port()
    address = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with serving(["-m", "streamlit", "run", "app.py", *address], log, port) as url:
        yield url


@pytest.fixture(scope="session")
def chromium():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(chromium):
    """Open a page as a new visitor: visit(url, width=…, dark=…)."""
    opened = []

    def run(url, width=1440, dark=False):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        opened.append(context)
        window = Window(context.new_page())
        window.go(url)
        return window

    yield run
    for context in opened:
        context.close()
