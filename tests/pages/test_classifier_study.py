"""The study on the comparison page: every figure from the results file, answer first, files out."""

import base64
import json

import numpy as np
import pytest

from core.study.answer import answer
from core.study.results import FOLDER, read_results
from tests.pages.conftest import words
from tests.study import planted

MINE = ("Difference in", "by ratio", "ROC", "Reliability", "per class", "Loss, mean", "Accuracy on")


@pytest.fixture
def results(toys, tmp_path):
    folder = toys.root / "chest_xray" / FOLDER
    planted.write(folder, tmp_path / "cells")
    return read_results(folder)


def numbers(value):
    """Every number in nested JSON."""
    if isinstance(value, dict):
        return [n for v in value.values() for n in numbers(v)]
    if isinstance(value, list | tuple):
        return [n for v in value for n in numbers(v)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def unpacked(value):
    """A plotly array: a list, or a typed array in base64."""
    if isinstance(value, dict) and "bdata" in value:
        raw = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        shape = [int(n) for n in str(value["shape"]).split(",")] if "shape" in value else [-1]
        return raw.reshape(shape).tolist()
    return value


def drawn(app):
    """(title, numbers drawn) of every figure on the page."""
    for chart in app.get("plotly_chart"):
        spec = json.loads(chart.proto.spec)
        title, found = spec["layout"]["title"]["text"], []
        for trace in spec["data"]:
            for key in ("x", "y", "z"):
                found += numbers(unpacked(trace.get(key, [])))
        yield title, found


def allowed(results):
    """All numbers of the file, with the row shares of its confusion matrices and their changes."""
    known = numbers(results)
    shares = [np.array(a["confusion"]) for a in results["arms"]]
    shares = [m / m.sum(1, keepdims=True) for m in shares]
    for one in shares:
        known += one.ravel().tolist()
        for other in shares:
            known += (one - other).ravel().tolist()
    return np.array(sorted(known))


def test_every_figure_on_the_page_is_in_the_results_file(open_page, results):
    app = open_page("classifier_comparison")
    assert not app.exception
    known, titles = allowed(results), []
    for title, found in drawn(app):
        titles.append(title)
        place = np.searchsorted(known, found).clip(1, len(known) - 1)
        near = np.minimum(abs(known[place] - found), abs(known[place - 1] - found))
        assert near.max() < 1e-6, f"{title} draws a number that the results file does not hold"
    for name in MINE:
        assert any(name in title for title in titles), f"no figure '{name}'"


def test_a_changed_file_changes_the_page(open_page, results, toys):
    before = dict(drawn(open_page("classifier_comparison")))
    path = toys.root / "chest_xray" / FOLDER / "results.json"
    for entry in results["arms"]:
        for where in ("official", "clean"):
            entry[where]["balanced_accuracy"]["mean"] = 0.12345
    path.write_text(json.dumps(results))
    after = dict(drawn(open_page("classifier_comparison")))
    (curve,) = [t for t in after if "by ratio" in t]
    assert 0.12345 in after[curve] and 0.12345 not in before[curve]


def test_the_first_line_is_the_answer_computed_from_the_file(open_page, results):
    app = open_page("classifier_comparison")
    expected = answer(results, "cnn", 0.05, "diffusion@1", "duplicate@1", "official")
    assert expected in words(app).split("#### ")[1]
    assert "7 official test images have an exact copy" in words(app)
    assert "disagree on" in "".join(e.label for e in app.expander)


def test_choices_change_the_answer(open_page, results):
    app = open_page("classifier_comparison", study_arm="diffusion images only")
    assert not app.exception
    assert "diffusion images only lower" in words(app)
    app.selectbox(key="study_figure").set_value("auc").run()
    assert not app.exception and "macro AUC" in words(app)


def test_shares_and_test_sets_can_be_chosen(open_page, results):
    app = open_page("classifier_comparison")
    app.segmented_control(key="study_share").set_value(1.0).run()
    app.segmented_control(key="study_set").set_value("clean").run()
    assert not app.exception
    expected = answer(results, "cnn", 1.0, "diffusion@1", "duplicate@1", "clean")
    assert expected in words(app)


def test_two_models_are_one_click_away(open_page, results):
    app = open_page("classifier_comparison", view="Two models")
    assert not app.exception
    assert "core evaluate classifier" in words(app) or "balanced accuracy" in words(app)


def test_table_and_report_can_be_taken_away(open_page, results):
    app = open_page("classifier_comparison")
    labels = [button.proto.label for button in app.get("download_button")]
    assert {"Table (CSV)", "Report (HTML)"} <= set(labels)


def test_the_kept_models_answer_an_upload(open_page, results, toys, upload):
    for name, arm in (("toy-cnn", "duplicate@1"), ("toy-worse", "diffusion@1")):
        path = toys.folder(f"chest_xray/{name}") / "card.json"
        card = json.loads(path.read_text())
        card["training"]["set"] = {"study": f"cnn_5_{arm}_s0"}
        path.write_text(json.dumps(card))
    app = open_page("classifier_comparison")
    assert "were not kept" not in words(app)
    app.get("file_uploader")[0].upload("mine.png", upload, "image/png")
    app.run()
    assert not app.exception
    assert "The models agree" in words(app) or "The models disagree" in words(app)
    assert any("Grad-CAM" in c.proto.spec for c in app.get("plotly_chart"))


def test_without_kept_models_the_page_says_so(open_page, results):
    assert "were not kept" in words(open_page("classifier_comparison"))
