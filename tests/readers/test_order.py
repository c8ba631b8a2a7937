"""Orders are balanced over readers and within a session."""

from collections import Counter

import numpy as np
import pytest

from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, TURING
from core.readers.order import order, sides, spread, williams

TASKS = [TURING] * 20 + [COMPARE] * 12 + [RATE] * 6 + [CAUSABILITY] * 2 + [DIAGNOSE] * 5
STRATA = ["real", "synthetic"] * 10 + ["ab", "ac", "bc"] * 4 + ["a", "b"] * 4 + ["x"] * 5


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_williams_squares_balance_places_and_neighbours(n):
    rows = [williams(n, row) for row in range(2 * n if n % 2 else n)]
    assert all(sorted(row) == list(range(n)) for row in rows)
    for place in range(n):
        assert len(set(Counter(row[place] for row in rows).values())) == 1
    follows = Counter(pair for row in rows for pair in zip(row, row[1:]))
    assert len(follows) == n * (n - 1) and len(set(follows.values())) <= 1


def test_every_case_comes_once_and_a_diagnosis_twice_in_a_row():
    places = order(TASKS, STRATA, 1, 1)
    seen = Counter(place.case for place in places)
    assert all(seen[i] == (2 if t == DIAGNOSE else 1) for i, t in enumerate(TASKS))
    for before, after in zip(places, places[1:]):
        if after.step == 1:
            assert before.case == after.case and before.step == 0


def test_questions_on_a_method_follow_its_ratings():
    for number in range(1, 9):
        tasks = [TASKS[place.case] for place in order(TASKS, STRATA, 1, number)]
        assert tasks.index(CAUSABILITY) == len(tasks) - tasks[::-1].index(RATE)


def test_tasks_change_places_over_readers():
    first = Counter(TASKS[order(TASKS, STRATA, 1, number)[0].case] for number in range(1, 9))
    assert first == dict.fromkeys((TURING, COMPARE, RATE, DIAGNOSE), 2)


def test_the_order_is_a_reader_s_own_and_can_be_made_again():
    assert order(TASKS, STRATA, 1, 1) == order(TASKS, STRATA, 1, 1)
    assert order(TASKS, STRATA, 1, 1) != order(TASKS, STRATA, 1, 5)
    assert order(TASKS, STRATA, 2, 1) != order(TASKS, STRATA, 1, 1)


def test_kinds_are_spread_evenly():
    rng = np.random.default_rng(0)
    strata = ["real", "synthetic"] * 20
    for _ in range(50):
        half = spread(strata, rng)[:20]
        assert 9 <= sum(strata[i] == "real" for i in half) <= 11


@pytest.mark.parametrize("n", [1, 6, 7])
def test_pairs_stand_on_both_sides(n):
    rng = np.random.default_rng(0)
    counts = {int(sides(n, rng).sum()) for _ in range(50)}
    assert counts == {n // 2, (n + 1) // 2}
