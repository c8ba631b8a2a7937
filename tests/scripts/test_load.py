"""What the load test concludes, with visitors that ask no server."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from scripts import load, robustness


def picture(seed):
    return np.full((4, 4), seed % 251, np.uint8)


class Stub:
    """A visitor whose pages come at once."""

    mixes = fails = False

    def __init__(self, url):
        self.url, self.places, self.seed = url, 3, 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *details):
        pass

    async def go(self, page, **query):
        self.seed = query.get("seed", self.seed)
        if self.fails and page == "concepts":
            raise load.Failed("error shown: no")
        return 0.1

    async def press(self, label):
        return 0.2

    async def give_up(self, label):
        return 0.05

    async def begin(self, label):
        pass

    async def slide(self, label, value):
        return 0.01

    toggle = slide

    def images(self, alt):
        return [picture(self.seed + 9 * self.mixes)]

    def figures(self):
        return [f"maps of {self.seed}"]


@pytest.fixture
def held(monkeypatch):
    def run(visitors=6, **flaws):
        monkeypatch.setattr(load, "Visitor", type("Flawed", (Stub,), flaws))
        monkeypatch.setattr(load, "expected", picture)
        monkeypatch.setattr(load.random, "uniform", lambda low, high: 0.0)
        work = load.hold("http://nowhere", psutil.Process(), visitors, 0.0, load.time.monotonic())
        with ThreadPoolExecutor(1) as pool:  # Playwright may keep this thread's loop running
            return pool.submit(asyncio.run, work).result()

    return run


def test_every_visitor_s_own_results_are_counted(held):
    found = held()
    assert found["errors"] == [] and found["not_their_own"] == 0
    assert found["distinct_explanations"] == 6 and found["most_ahead_in_queue"] == 3
    assert found["cancelled"] == 2 and found["left_amid_work"] == 1
    assert found["actions"]["switch"]["n"] == 6 * 9 and found["actions"]["heavy"]["n"] == 12
    assert found["actions"]["light"]["p95_s"] == 0.01
    assert 0.5 < found["memory_ratio"] < 2 and found["memory_most_mb"] > 0
    found["machine"] = {"load_before": 0.1}
    json.dumps(found)
    rows = dict(robustness.load(found))
    assert "2 cancelled, 1 left amid work" in rows["6 visitors for 0 s over every page"]
    assert {"Page switch", "Slider", "Drawing or explaining"} <= set(rows)


def test_another_s_image_is_noticed(held):
    assert held(mixes=True)["not_their_own"] >= 6


def test_the_same_explanation_for_two_is_noticed(held):
    assert held(figures=lambda self: ["the same"])["not_their_own"] >= 1


def test_an_error_names_its_visitor(held):
    errors = held(fails=True)["errors"]
    assert errors and all("Failed: error shown: no" in e for e in errors)
