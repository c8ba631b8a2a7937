"""The comparison page on toy checkpoints."""

import json

from tests.pages.conftest import words


def evaluated(toys, name, value, low, high):
    block = {
        "n": 100,
        "balanced_accuracy": {"value": value, "ci": [low, high]},
        "confusion": [[40, 10], [5, 45]],
        "roc": {"1": {"fpr": [0, 0.1, 1], "tpr": [0, 0.9, 1]}},
        "reliability": [{"confidence": 0.8, "accuracy": 0.75, "n": 100}],
        "per_class": [
            {"recall": 0.8, "n": 50},
            {"recall": {"value": 0.9, "ci": [0.8, 0.95]}, "n": 50},
        ],
    }
    path = toys.folder(f"chest_xray/{name}") / "metrics.json"
    path.write_text(json.dumps({"test": {"official": block}}))


def test_the_first_line_is_the_answer_with_its_interval(toys, open_page):
    evaluated(toys, "toy-cnn", 0.80, 0.78, 0.82)
    evaluated(toys, "toy-worse", 0.90, 0.88, 0.92)
    app = open_page("classifier_comparison")
    assert not app.exception
    assert "raises balanced accuracy by 10.0 points" in words(app)
    assert "+7.2 to +12.8" in words(app)  # 10 ± √(2² + 2²)


def test_overlapping_results_are_called_no_clear_difference(toys, open_page):
    evaluated(toys, "toy-cnn", 0.80, 0.70, 0.90)
    evaluated(toys, "toy-worse", 0.82, 0.72, 0.92)
    app = open_page("classifier_comparison")
    assert "no clear difference" in words(app)


def test_predictions_on_file_give_a_paired_answer(toys, open_page):
    labels = [0, 1] * 40
    for name, wrong in (("toy-cnn", 20), ("toy-worse", 0)):
        evaluated(toys, name, 0.8, 0.7, 0.9)
        chances = [[0.9, 0.1] if y == (i < wrong) else [0.1, 0.9] for i, y in enumerate(labels)]
        content = {
            "index": list(range(100, 180)),
            "label": labels,
            "clean": [True] * 80,
            "probabilities": chances,
        }
        path = toys.folder(f"chest_xray/{name}") / "predictions.json"
        path.write_text(json.dumps(content))
    app = open_page("classifier_comparison")
    assert not app.exception
    assert "raises balanced accuracy by 25.0 points" in words(app)
    assert "paired bootstrap, n = 80" in words(app)
    assert "Positions in the domain's data: 100, 101" in words(app)


def test_all_figures_are_drawn_from_the_files(toys, open_page):
    evaluated(toys, "toy-cnn", 0.80, 0.78, 0.82)
    evaluated(toys, "toy-worse", 0.90, 0.88, 0.92)
    specs = "".join(c.proto.spec for c in open_page("classifier_comparison").get("plotly_chart"))
    for name in ("Change, points", "ROC", "Reliability", "Recall per class"):
        assert name in specs


def test_the_same_upload_goes_through_both(open_page, upload):
    app = open_page("classifier_comparison")
    app.get("file_uploader")[0].upload("mine.png", upload, "image/png")
    app.run()
    assert not app.exception
    assert "The models agree" in words(app) or "The models disagree" in words(app)
    assert any("Grad-CAM" in c.proto.spec for c in app.get("plotly_chart"))


def test_without_evaluation_the_page_names_the_command(toys, open_page):
    for name in ("toy-cnn", "toy-worse"):
        (toys.folder(f"chest_xray/{name}") / "metrics.json").unlink()
    app = open_page("classifier_comparison")
    assert not app.exception
    assert "core evaluate classifier" in words(app)


def test_without_models_the_page_says_what_to_do(open_page):
    app = open_page("classifier_comparison", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "No classifier" in words(app)
