"""Spread over seeds, and figures on both test sets."""

import numpy as np
import pytest

from core.evaluate.seeds import on_test_sets, spread, summary

LABELS = np.array([0, 0, 1, 1])
RIGHT = np.array([[2.0, -2.0], [1.0, -1.0], [-1.0, 1.0], [-2.0, 2.0]])


def test_figures_on_both_sets():
    found = on_test_sets(RIGHT, LABELS, np.array([1, 0, 0, 1], bool), {"temperature": 1.0})
    assert set(found) == {"official", "clean"}
    assert found["official"]["balanced_accuracy"] == found["clean"]["auc"] == 1.0
    assert 0 < found["clean"]["ece"] < found["official"]["ece"]
    alone = on_test_sets(RIGHT, LABELS, np.zeros(4, bool), {})
    assert set(alone) == {"official"}


def test_the_threshold_counts():
    found = on_test_sets(RIGHT, LABELS, np.zeros(4, bool), {"threshold": 0.95})
    assert found["official"]["balanced_accuracy"] == 0.75 and found["official"]["auc"] == 1.0


def test_spread_is_over_seeds():
    runs = [{"seed": s, "test": {"official": dict.fromkeys(
        ("accuracy", "balanced_accuracy", "auc", "ece", "ece_before"), v)}}
        for s, v in ((0, 0.8), (1, 0.9))]  # fmt: skip
    found = summary(runs, 1)
    assert found["chosen"] == 1
    assert found["test"]["official"]["auc"]["mean"] == pytest.approx(0.85)
    assert found["test"]["official"]["auc"]["sd"] == pytest.approx(0.0707, abs=1e-3)
    assert spread([runs[0]["test"]["official"]])["auc"]["sd"] == 0.0
