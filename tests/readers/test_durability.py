"""No committed answer is lost, doubled or mixed: many readers at once, and kill -9."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.readers import sessions
from core.readers.database import StudyError
from core.readers.design import TURING
from core.readers.records import frame
from tests.readers.made import reply, study

ROOT = Path(__file__).parents[2]
READERS, CASES = 20, 50


def start(db, *tokens):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.readers.worker", db.url, *tokens],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def rating(number: int, position: int) -> int:
    """An answer that tells whose it is."""
    return 1 + (number * 7 + position) % 6


def test_twenty_readers_at_once_leave_a_thousand_rows(db):
    opened = study(db, cases={TURING: CASES})

    def read(_: int) -> None:
        token = sessions.join(db, opened.code, "radiologist", 5)
        while (now := sessions.where(db, token)).position is not None:
            sessions.begin(db, token, now.position)
            sessions.answer(db, token, now.position, {"score": rating(now.number, now.position)})

    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(read, range(READERS)))
    table = frame(db, opened.code)
    assert len(table) == READERS * CASES
    assert sorted(table["reader"].unique()) == list(range(1, READERS + 1))
    for number, own in table.groupby("reader"):
        assert own["position"].tolist() == list(range(CASES))
        assert own["case"].nunique() == CASES
        assert own["score"].tolist() == [rating(number, p) for p in range(CASES)]


def test_two_windows_of_one_reader_never_double_an_answer(db):
    opened = study(db, cases={TURING: 30})
    token = sessions.join(db, opened.code, "radiologist", 5)
    refused = Counter()

    def window(name: int) -> None:
        while (now := sessions.where(db, token)).position is not None:
            try:
                sessions.answer(db, token, now.position, reply(now))
            except StudyError:
                refused[name] += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(window, range(4)))
    assert frame(db, opened.code)["position"].tolist() == list(range(30))


@pytest.mark.parametrize("seed", range(2))
def test_killed_in_the_middle_every_committed_answer_is_there(db, seed):
    opened = study(db, cases={TURING: CASES})
    tokens = [sessions.join(db, opened.code, "radiologist", 5) for _ in range(3)]
    numbers = {token: sessions.where(db, token).number for token in tokens}
    told = []
    with start(db, *tokens) as server:
        wanted = random.Random(seed).randint(5, 60)
        for line in server.stdout:
            told.append(line.split())
            if len(told) == wanted:
                time.sleep(random.Random(seed).random() * 0.01)
                server.send_signal(signal.SIGKILL)
                told += [rest.split() for rest in server.stdout if rest.count(" ") == 2]
                break
        assert server.wait() == -signal.SIGKILL
    table = frame(db, opened.code).set_index(["reader", "position"])["score"]
    assert len(table) < 3 * CASES
    for token, position, score in told:  # what the reader saw committed is there
        assert table[numbers[token], int(position)] == int(score)
    assert len(table) - len(told) in (0, 1)  # at most the one committed but not yet told
    for token in tokens:  # each goes on at the next case
        assert sessions.where(db, token).position == table.loc[numbers[token]].size
    with start(db, *tokens) as server:
        server.stdout.read()
    assert len(frame(db, opened.code)) == 3 * CASES
