"""Two classifiers in words."""

import json

import pytest

from core.cards import Card
from core.registry import Registry
from core.ui import comparison
from core.ui.two_models import seeds_line


def card(name: str, **note) -> Card:
    return Card(f"d/{name}", "d", "classifier", "cnn", name, training={"set": note})


@pytest.mark.parametrize(
    ("note", "words", "synthetic"),
    [
        ({}, "real images only", False),
        ({"real": 50, "share": 0.05}, "5% of the real images only", False),
        (
            {"real": 50, "added": 50, "ratio": 1.0, "source": "out/x"},
            "real images + synthetic images 1 : 1",
            True,
        ),
        (
            {"real": 50, "added": 25, "ratio": 0.5, "source": "duplicates"},
            "real images + copied real images 0.5 : 1",
            False,
        ),
        ({"real": 0, "added": 25, "source": "out/x"}, "synthetic images only", True),
    ],
)
def test_a_training_set_in_words(note, words, synthetic):
    assert comparison.arm(card("a", **note)) == words
    assert comparison.synthetic(card("a", **note)) is synthetic


def test_only_models_of_the_same_labels_compare():
    a, b, c = card("a"), card("b"), card("c")
    a.classes = b.classes = ["x", "y"]
    assert comparison.comparable([a, b, c], a) == [b]


def test_the_difference_combines_both_intervals():
    found = comparison.difference(
        {"value": 0.8, "ci": [0.77, 0.84]}, {"value": 0.9, "ci": [0.87, 0.92]}
    )
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1 - 0.05)  # √(0.03² + 0.04²)
    assert found.high == pytest.approx(0.1 + (0.02**2 + 0.03**2) ** 0.5)
    assert found.settled


def test_without_intervals_nothing_is_settled():
    found = comparison.difference(0.8, 0.9)
    assert found is not None and not found.settled
    text = comparison.answer(card("a"), card("b"), found, "official test set", "n = 5")
    assert "may be chance" in text
    assert comparison.difference(None, 0.9) is None


def test_the_answer_names_direction_and_interval():
    found = comparison.Difference(-0.02, -0.03, -0.01)
    text = comparison.answer(card("a"), card("b"), found, "official test set", "n = 624")
    assert "lowers balanced accuracy by 2.0 points" in text
    assert "-3.0 to -1.0; n = 624" in text


def test_the_spread_over_seeds_is_told(tmp_path):
    found, one = Registry(tmp_path), card("one")
    (tmp_path / "d" / "one").mkdir(parents=True)
    level = {"mean": 0.9, "sd": 0.01}
    figures = dict.fromkeys(("balanced_accuracy", "auc", "ece"), level)
    content = {"chosen": 2, "runs": [{}, {}, {}], "test": {"official": figures}}
    assert seeds_line(found, one, "official") is None
    (tmp_path / "d" / "one" / "seeds.json").write_text(json.dumps(content))
    line = seeds_line(found, one, "official")
    assert "over 3 seeds" in line and "AUC 0.900 ± 0.010" in line and "Seed 2 is shown" in line
    assert seeds_line(found, one, "clean") is None
