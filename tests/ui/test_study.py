"""The study's view without a page: figures by row, kept models, the report."""

import pytest

from core import domains
from core.cards import Card
from core.study.table import table
from core.ui import study
from tests.study import planted

DOMAIN = domains.get("chest_xray")


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    found = planted.write(folder / "to", folder / "cells")
    return study.View(
        found, "cnn", 0.05, "diffusion@1", "duplicate@1", "official", "balanced_accuracy"
    )


def card(name: str, key: str) -> Card:
    note = {"set": {"study": key}} if key else {}
    return Card(f"chest_xray/{name}", "chest_xray", "classifier", "cnn", name, training=note)


def test_rows_hold_every_figure(view):
    rows = study.figures(view, ["a", "b", "c", "d"])
    assert [len(row) for row in rows] == [2, 3, 2, 2, 2]
    titles = [f.layout.title.text for row in rows for f in row]
    assert titles[0].startswith("Difference in balanced accuracy from its control")
    assert len(set(titles)) == len(titles)


def test_an_arm_that_was_not_run_leaves_its_figures_out(view):
    alone = study.View(view.results, "cnn", 0.05, "diffusion@1", "gan@9", "official", "auc")
    rows = study.figures(alone, ["a", "b", "c", "d"])
    assert len(alone.arms()) == 1 and alone.effect() is None
    assert all(row for row in rows)


def test_kept_models_come_rival_first(view):
    cards = [
        card("plain", ""), card("other", "cnn_100_diffusion@1_s0"),
        card("mine", "cnn_5_diffusion@1_s0"), card("rival", "cnn_5_duplicate@1_s0"),
    ]  # fmt: skip
    assert [c.name for c in study.checkpoints(view, cards)] == ["rival", "mine"]
    assert [study.in_study(c) for c in cards] == [False, True, True, True]


def test_the_report_needs_no_network_and_escapes(view):
    drawn = [f for row in study.figures(view, list("abcd")) for f in row]
    page = study.report(DOMAIN, "p < .001", ["a & b"], table(view.results, "official"), drawn)
    text = page.decode()
    assert "p &lt; .001" in text and "a &amp; b" in text
    assert 'src="http' not in text and "Plotly.newPlot" in text
    assert "diffusion@1" in text and "no medical device" in text
    assert study.sentence(view).startswith("At 5 % of the data")
