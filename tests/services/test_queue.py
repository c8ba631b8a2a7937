"""Turns of heavy work: order, places, cancelling, letting others go first, nothing left held."""

import threading
import time

import numpy as np
import pytest

from core.errors import CancelledError
from core.explain.service import explain
from core.services import queue
from core.services.detection import detect
from core.services.generation import generate
from core.services.queue import Guest, Queue
from tests.toy import real_image, toy_registry


class Visitor(Guest):
    """Writes down what it is told, and leaves when asked to."""

    def __init__(self, owner, gives_up=None):
        self.owner, self.gives_up = owner, gives_up
        self.places, self.beats, self.over = [], 0, False

    def waiting(self, place):
        self.places.append(place)
        if self.gives_up:
            raise self.gives_up

    def working(self):
        self.beats += 1

    def finished(self):
        self.over = True


@pytest.fixture
def turns(monkeypatch):
    monkeypatch.setattr(queue, "POLL", 0.01)
    return Queue(1)


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def start(turns, guest, log, hold=0.0):
    """A thread that takes one turn; returns once it waits or works."""

    def work():
        with turns.turn(guest):
            log.append(guest.owner)
            time.sleep(hold)

    before = turns.length() + len(log)
    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: turns.length() + len(log) > before)
    return thread


def finish(threads):
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def test_a_turn_is_immediate_where_nobody_waits(turns):
    guest = Visitor("a")
    with turns.turn(guest) as own:
        assert turns.running() == 1
        own.beat()
    assert (guest.places, guest.beats, guest.over) == ([], 2, True)
    assert turns.running() == 0


def test_the_session_served_longest_ago_goes_first(turns):
    log = []
    with turns.turn(Visitor("busy")):
        threads = [start(turns, Visitor(o), log) for o in ("greedy", "greedy", "greedy", "other")]
        late = Visitor("late")
        threads.append(start(turns, late, log))
        until(lambda: late.places)
        assert late.places[0] == 5
    finish(threads)
    # one turn each before anybody's second
    assert set(log[1:3]) == {"other", "late"}
    assert log[0] == "greedy" and log[3:] == ["greedy", "greedy"]


def test_places_count_down_to_one(turns):
    log, third = [], Visitor("third")
    with turns.turn(Visitor("first")):
        threads = [start(turns, Visitor("second"), log, hold=0.1), start(turns, third, log)]
        until(lambda: third.places)
    finish(threads)
    assert third.places[0] == 2 and third.places[-1] == 1
    assert third.places == sorted(third.places, reverse=True)


@pytest.mark.parametrize("harm", [CancelledError("x"), KeyboardInterrupt(), RuntimeError("x")])
def test_whoever_gives_up_waiting_holds_nothing(turns, harm):
    with turns.turn(Visitor("a")):
        with pytest.raises(type(harm)):
            turns.enter(Visitor("b", harm))
        assert turns.length() == 0
    assert turns.running() == 0


@pytest.mark.parametrize("harm", [CancelledError("x"), SystemExit(), RuntimeError("x")])
def test_work_that_fails_frees_its_turn(turns, harm):
    guest = Visitor("a")
    with pytest.raises(type(harm)), turns.turn(guest):
        raise harm
    assert turns.running() == 0
    assert guest.over is isinstance(harm, Exception)  # a stopped session's page is gone
    with turns.turn(Visitor("b")):
        assert turns.running() == 1


def test_long_work_lets_others_go_first(turns, monkeypatch):
    monkeypatch.setattr(queue, "QUANTUM", 0.0)
    log, steps = [], []
    with turns.turn(Visitor("long")) as own:
        thread = start(turns, Visitor("short"), log)
        own.breathe()
        steps = list(log)
    finish([thread])
    assert steps == ["short"] and turns.running() == 0


def test_giving_up_while_others_go_first_holds_nothing(turns, monkeypatch):
    monkeypatch.setattr(queue, "QUANTUM", 0.0)
    log, long = [], Visitor("long")
    with pytest.raises(CancelledError), turns.turn(long) as own:
        thread = start(turns, Visitor("short"), log, hold=0.2)
        long.gives_up = CancelledError("x")
        own.breathe()
    finish([thread])
    assert log == ["short"] and turns.running() == 0 and turns.length() == 0


def test_a_turn_within_a_turn_is_the_same(turns):
    with turns.turn(Visitor("a")) as outer, turns.turn(Visitor("b")) as inner:
        assert inner is outer and turns.running() == 1
    assert turns.running() == 0


def test_several_slots_work_at_once(monkeypatch):
    monkeypatch.setattr(queue, "POLL", 0.01)
    turns, log = Queue(2), []
    with turns.turn(Visitor("a")):
        finish([start(turns, Visitor("b"), log)])
        assert log == ["b"] and turns.running() == 1


WORK = {
    "generation": lambda r: generate(r, "chest_xray", "toy-gan", "normal", 2, 5),
    "detection": lambda r: detect(r, [real_image()], "chest_xray", "toy-detector"),
    "explanation": lambda r: explain(
        r, "chest_xray/toy-cnn", real_image(), ["gradcam"], metrics=False
    ),
}


@pytest.mark.parametrize("kind", WORK)
def test_every_heavy_service_takes_a_turn_and_can_be_cancelled(tmp_path, monkeypatch, kind):
    registry = toy_registry(tmp_path)
    monkeypatch.setattr(queue, "POLL", 0.01)
    monkeypatch.setattr(queue, "_queue", Queue(1))
    guest = Visitor("me")
    monkeypatch.setattr(queue, "_guest", lambda: guest)
    WORK[kind](registry)
    assert guest.over and guest.beats >= 1 and not guest.places
    held, free = threading.Event(), threading.Event()

    def other():
        with queue._queue.turn(Visitor("other")):
            held.set()
            free.wait(5)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(5)
    guest.gives_up = CancelledError("Cancelled.")
    with pytest.raises(CancelledError, match=r"Cancelled\."):
        WORK[kind](registry)
    assert guest.places == [1]
    free.set()
    finish([thread])


def test_two_sessions_at_once_get_their_own_images(tmp_path, monkeypatch):
    registry = toy_registry(tmp_path)
    monkeypatch.setattr(queue, "_queue", Queue(1))
    alone = {s: generate(registry, "chest_xray", "toy-gan", "normal", 1, s)[0] for s in range(6)}
    found = {}

    def ask(seed):
        found[seed] = generate(registry, "chest_xray", "toy-gan", "normal", 1, seed)[0]

    threads = [threading.Thread(target=ask, args=(s,)) for s in alone]
    for thread in threads:
        thread.start()
    finish(threads)
    for seed, image in alone.items():
        assert np.array_equal(found[seed].pixels, image.pixels)
