"""Holm's correction against values worked out by hand."""

import numpy as np
import pytest

from core.evaluate.holm import holm


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.03, 0.01, 0.04], [0.06, 0.03, 0.06]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([0.0, 1.0], [0.0, 1.0]),
        ([], []),
        ([0.02, np.nan, 0.03], [0.04, np.nan, 0.04]),
        ([np.nan], [np.nan]),
    ],
)
def test_steps_down_in_the_order_given(given, expected):
    assert holm(given) == pytest.approx(expected, nan_ok=True)


def test_false_alarms_of_a_family_stay_rare(rng):
    families = rng.random((100, 8))
    alarms = np.mean([min(holm(p)) < 0.05 for p in families])
    assert alarms < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


@pytest.mark.parametrize("wrong", [[-0.1, 0.5], [0.5, 1.5]])
def test_what_is_no_p_value_is_refused(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm(wrong)
