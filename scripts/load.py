"""Hold many visitors at once: `python scripts/load.py [--visitors 20] [--minutes 5] [--out FILE]`.

Starts the app, lets one visitor go through every page, then all of them at the same time. Each
draws with a seed of its own and compares with what the library draws for it in this process; the
explanations of some are drawn again afterwards by a visitor who is alone. Every fifth visitor also
cancels long work, and every fifth leaves in the middle of it. Exit code 3 where anything went
wrong, an image was somebody else's or memory grew beyond 1.3 times that with one visitor.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.cards import write_json
from core.registry import default_registry
from core.services.generation import generate
from scripts.load_client import Failed, Visitor, pixels_agree

ROOT = Path(__file__).parents[1]
DOMAIN = "chest_xray"
PLAIN = (
    "classifier_comparison",
    "real_or_synthetic",
    "concepts",
    "reader_study",
    "report_to_xray",
    "mri_to_ct",
    "models_and_data",
)
SLIDES, MANY = 4, 16
LIGHT, HEAVY, SWITCH, CANCEL = "light", "heavy", "switch", "cancel"
MOST_MEMORY = 1.3  # times that with one visitor
HABITS = ("cancels", "leaves", "", "", "")  # by a visitor's number


class Measured:
    """Times by kind, errors, and pictures that were not the visitor's own."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.checked = self.mixed = self.places = self.left = 0
        self.figures: dict[int, str] = {}


def expected(seed: int) -> np.ndarray:
    """What the default generator draws for a seed, on its own."""
    registry = default_registry()
    card = registry.cards(DOMAIN, "generator")[0]
    return generate(registry, DOMAIN, card.id, card.classes[0], 1, seed)[0].pixels


async def tour(own: Visitor, seed: int, truth: np.ndarray, found: Measured) -> None:
    """Every page once: draw, read, explain, slide."""
    found.times[SWITCH].append(await own.go("", seed=seed, n=1))
    found.times[HEAVY].append(await own.press("Generate"))
    drawn = await asyncio.to_thread(own.images, "Synthetic image:")
    check(found, bool(drawn) and pixels_agree(drawn[0], truth))
    await asyncio.sleep(random.uniform(0.5, 2))
    found.times[SWITCH].append(await own.go("latent_space", seed=seed))
    for page in PLAIN:
        await asyncio.sleep(random.uniform(0.2, 1))
        found.times[SWITCH].append(await own.go(page))
    # the drawn image is the first to pick; every visitor's is another
    found.times[HEAVY].append(await own.go("explain"))
    maps = own.figures()
    if not maps:
        raise Failed("no explanation was drawn")
    if seed in found.figures:
        check(found, found.figures[seed] == maps[0])
    found.figures[seed] = maps[0]
    for value in range(SLIDES):
        await asyncio.sleep(random.uniform(0.2, 1))
        found.times[LIGHT].append(await own.slide("Opacity", 0.5 + value / 10))
    found.times[LIGHT].append(await own.toggle("Keep the sign", False))


async def habit(which: str, own: Visitor, seed: int, found: Measured) -> None:
    """Cancel long work, or leave a second session in the middle of it."""
    if which == "cancels":
        await own.go("", seed=seed, n=MANY)
        if (took := await own.give_up("Generate")) is not None:
            found.times[CANCEL].append(took)
    elif which == "leaves":
        async with Visitor(own.url) as guest:
            await guest.go("", seed=seed, n=MANY)
            await guest.begin("Generate")
            await asyncio.sleep(random.uniform(0, 3))
        found.left += 1


def check(found: Measured, right: bool) -> None:
    """Count a comparison."""
    found.checked += 1
    found.mixed += not right


async def visitor(
    url: str, seed: int, truth: np.ndarray, until: float, found: Measured, which: str = ""
) -> None:
    """One session that goes round until the time is up."""
    try:
        async with Visitor(url) as own:
            while True:
                await tour(own, seed, truth, found)
                await habit(which, own, seed, found)
                found.places = max(found.places, own.places)
                if time.monotonic() > until:
                    break
    except Exception as error:
        found.errors.append(f"seed {seed}: {type(error).__name__}: {error}")


async def weigh(server: psutil.Process, seen: list[int]) -> None:
    """Note the process's memory every other second until cancelled."""
    while True:
        seen.append(server.memory_info().rss)
        await asyncio.sleep(2)


async def hold(
    url: str, server: psutil.Process, visitors: int, minutes: float, began: float
) -> dict[str, Any]:
    """One visitor, then all, then one again; the figures. `began`: when the server was started."""
    async with Visitor(url) as own:
        await own.go("")
    cold = time.monotonic() - began
    seeds = [1000 + 17 * i for i in range(visitors)]
    truths = {seed: expected(seed) for seed in seeds}
    first, found, last = Measured(), Measured(), Measured()
    await visitor(url, seeds[0], truths[seeds[0]], time.monotonic(), first)
    before, seen = server.memory_info().rss, list[int]()
    tell(f"one visitor saw every page: {times(first.times[SWITCH])}, {before / 1e6:.0f} MB")
    start = time.monotonic()
    until = start + 60 * minutes
    scale = asyncio.create_task(weigh(server, seen))
    await asyncio.gather(*(
        visitor(url, seed, truths[seed], until, found, HABITS[i % len(HABITS)])
        for i, seed in enumerate(seeds)
    ))  # fmt: skip
    scale.cancel()
    lasted, after = time.monotonic() - start, server.memory_info().rss
    tell(f"all have left after {lasted:.0f} s: {len(found.errors)} errors, {after / 1e6:.0f} MB")
    for seed in list(found.figures)[:3]:  # again, by a visitor on a server that nobody waits for
        await visitor(url, seed, truths[seed], time.monotonic(), last)
        check(found, last.figures.get(seed) == found.figures[seed])
    check(found, len(set(found.figures.values())) == len(found.figures))
    return {
        "visitors": visitors,
        "cold_start_s": round(cold, 1),
        "seconds": round(lasted),
        "errors": first.errors + found.errors + last.errors,
        "compared": found.checked,
        "not_their_own": found.mixed,
        "distinct_explanations": len(set(found.figures.values())),
        "most_ahead_in_queue": found.places,
        "cancelled": len(found.times[CANCEL]),
        "left_amid_work": found.left,
        "memory_one_visitor_mb": round(before / 1e6),
        "memory_end_mb": round(after / 1e6),
        "memory_most_mb": round(max(seen) / 1e6),
        "memory_ratio": round(after / before, 2),
        "actions": {kind: times(values) for kind, values in found.times.items()},
        "one_visitor": {kind: times(values) for kind, values in first.times.items()},
        "one_visitor_afterwards": {kind: times(values) for kind, values in last.times.items()},
    }


def tell(text: str) -> None:
    """Say how far the test is."""
    print(text, file=sys.stderr, flush=True)


def times(values: list[float]) -> dict[str, float]:
    """Count, median and 95th percentile, in seconds."""
    if not values:
        return {"n": 0}
    return {
        "n": len(values),
        "median_s": round(statistics.median(values), 2),
        "p95_s": round(float(np.percentile(values, 95)), 2),
    }


def main() -> int:
    """Run the test and print or write its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    port = given.port or _free_port()
    url = f"http://127.0.0.1:{port}"
    log = ROOT / "out" / "load.log"
    log.parent.mkdir(exist_ok=True)
    busy = os.getloadavg()[0]
    began = time.monotonic()
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
        env = {**os.environ, "MALLOC_ARENA_MAX": "2"}  # as `make run` and the container do
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream, env=env)
        try:
            _wait(url)
            server = psutil.Process(process.pid)
            found = asyncio.run(hold(url, server, given.visitors, given.minutes, began))
        finally:
            process.terminate()
            process.wait(30)
    found["log_errors"] = log.read_text().count("Traceback")
    found["machine"] = {"cores": os.cpu_count(), "processor": platform.processor()}
    found["machine"]["load_before"] = round(busy, 1)
    print(found)
    if given.out:
        write_json(given.out, found)
    wrong = found["errors"] or found["not_their_own"] or found["log_errors"]
    return 3 if wrong or found["memory_ratio"] > MOST_MEMORY else 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            requests.get(f"{url}/_stcore/health", timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.3)


if __name__ == "__main__":
    raise SystemExit(main())
