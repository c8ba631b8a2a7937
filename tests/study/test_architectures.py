"""Architectures are compared on the same images and seeds, and said in words."""

import pytest

from core.study.architectures import sentences, table
from core.study.results import results
from core.ui.figures.study import architectures
from tests.study.test_results import SKILLS, plant


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    return results(plant(out, SKILLS, models=(("cnn", 0.0), ("vit", -1.0))), draws=500)


def test_a_weaker_architecture_is_said_to_stand_below(found):
    (official, _) = found["architectures"]
    assert (official["model"], official["against"], official["seeds"]) == ("vit", "cnn", 3)
    assert official["balanced_accuracy"]["ci"][1] < 0
    (line,) = sentences(found, "official", "balanced_accuracy")
    points = -100 * official["balanced_accuracy"]["value"]
    assert line.startswith(
        f"At 25 % of the data the vision transformer stands {points:.1f} points of balanced "
        "accuracy below the small CNN (95 % CI"
    )
    (row,) = table(found, "official", "balanced_accuracy").to_dict("records")
    assert row["Points of balanced accuracy"] == pytest.approx(-points, abs=0.06)
    assert (row["Architecture"], row["Seeds"]) == ("vision transformer", 3)
    assert "validation accuracy moved by +20.0 points, that of the other by +20.0" in line


def test_the_figure_has_a_line_for_each(found):
    figure = architectures(found, "clean", "auc")
    assert [t.name for t in figure.data] == ["small CNN", "vision transformer"]
    arms = {a["model"]: a for a in found["arms"] if a["arm"] == "classic"}
    assert figure.data[1].y[0] == arms["vit"]["clean"]["auc"]["mean"]


def test_one_architecture_alone_is_not_compared(tmp_path):
    alone = results(plant(tmp_path, {"classic": 1.0}), draws=100)
    assert alone["architectures"] == [] and not list(sentences(alone, "official", "auc"))
