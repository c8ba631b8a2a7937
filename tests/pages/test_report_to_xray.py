"""The page Report to X-ray on untrained generators."""

import numpy as np
import pytest

from core.cards import write_json
from core.evaluate.copy_audit import audit
from core.evaluate.intervals import share
from core.services.text_options import GUIDANCE_FILE
from core.text.examples import EXAMPLES
from tests.pages.conftest import words
from tests.text import small


@pytest.fixture
def open_text(toys, open_page, tmp_path):
    (tmp_path / "bert").mkdir()
    small.generators(toys.root, small.save(tmp_path / "bert"))
    return lambda **query: open_page("report_to_xray", **query)


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def test_without_a_model_the_page_says_how_to_make_one(open_page):
    app = open_page("report_to_xray")
    assert not app.exception and "core train" in app.code[0].value


def test_a_report_becomes_images_that_a_classifier_has_seen(open_text):
    app = open_text(report="No pneumonia.", n="2", seed="7")
    assert app.text_area(key="report").value == "No pneumonia."
    assert "weak pairs" in app.warning[0].value
    press(app, "Draw")
    assert not app.exception
    assert "reads: **" in words(app) and "Seen by Toy conditions" in words(app)
    assert "seed 7" in words(app) and "seed 8" in words(app)
    assert len(app.get("image") or app.get("imgs")) == 2


def test_an_example_fills_the_text(open_text):
    app = open_text()
    app.selectbox(key="example").select("Denied").run()
    assert app.text_area(key="report").value == EXAMPLES["Denied"]


def test_an_empty_text_is_answered_in_one_sentence(open_text):
    app = open_text(report="XXXX")
    press(app, "Draw")
    assert not app.exception and "Type a finding" in app.error[0].value


def test_words_are_explained_on_request(open_text):
    app = open_text(report="No pneumonia in the left lobe", n="1", seed="3")
    press(app, "Draw")
    press(app, "Which words made it?")
    assert not app.exception
    assert "Evidence for" in words(app) and "cross-attention" in words(app)
    pages = "".join(str(element.proto) for element in app.get("html"))
    assert "words-over" in pages and "data:image/png" in pages
    assert any("Leave out" in str(group.label) for group in app.get("button_group"))


def figures():
    """A metrics file as `evaluate text-generator` writes it."""
    good, half = share(np.ones(60)), share(np.arange(60) % 2)
    rng = np.random.default_rng(0)
    return {
        "judges": {"normal": "chest_xray/toy-conditions"},
        "agreement": {
            "normal": {"agreement": good, "real": half, "read": good, "texts": 40},
            "pneumonia": {"agreement": half, "read": good, "texts": 30},
            "covid19": {"agreement": None, "read": good, "texts": 4},
        },
        "negation": {"all": half, "denied": good, "hedged": None, "read": good},
        "paraphrase": {"sensitivity": {"value": 0.31, "ci": [0.2, 0.4]}},
        "fid_ratio": 0.42, "fid_ratio_sd": 0.0, "recall": 0.77, "recall_sd": 0.0,
        "copies": {"feature": audit(rng.random(80), rng.random(60))},
        "definitions": {"recall": "Share of real images."},
    }  # fmt: skip


def test_without_an_evaluation_no_figure_is_shown(open_text):
    app = open_text()
    assert not app.exception and not app.dataframe
    assert "No evaluation of this model is on file" in words(app)


def test_measured_figures_come_from_the_metrics_file(open_text, toys):
    app_before = open_text()
    model = next(c for c in toys.cards("chest_xray", "text-generator") if "diffusion" in c.family)
    write_json(toys.folder(model.id) / "metrics.json", figures())
    app = app_before.run()
    assert not app.exception
    agreement, negation = (table.value for table in app.dataframe)
    assert list(agreement["Images"]) == ["60", "60", "–"]
    real = agreement["Same classifier on real images"]
    assert real[0].startswith("0.500 (") and real[1] == "–"  # measured before it was asked there
    assert agreement["Image agrees"][0].startswith("1.000 (")
    assert agreement["Image agrees"][1].startswith("0.500 (")
    assert agreement["Image agrees"][2] == "no classifier knows it"
    assert list(negation["Sentences"]) == ["All sentences", "Denied"]
    shown = {m.label: m.value for m in app.metric}
    assert shown["FID ratio"] == "0.420" and shown["Recall"] == "0.770"
    assert shown["Wording ÷ seed"].startswith("0.310 (") and "Copies, held-out real" in shown
    assert "Judged by chest_xray/toy-conditions" in words(app)


def test_guidance_starts_where_validation_put_it(open_text, toys):
    before = open_text()
    assert before.slider(key="guidance").value == 1.5 and not before.get("plotly_chart")
    model = next(c for c in toys.cards("chest_xray", "text-generator") if "diffusion" in c.family)
    write_json(toys.folder(model.id) / "metrics.json", figures())
    rows = [
        {"guidance": g, "agreement": {"normal": share(np.ones(40)), "pneumonia": None},
         "ms_ssim": {"mean": 0.5, "ci": [0.4, 0.6]}}
        for g in (1.0, 3.0)
    ]  # fmt: skip
    found = {
        "model_files": model.files,
        "chosen": 3.0,
        "slack": 0.01,
        "n": 40,
        "rows": rows,
        "real_ms_ssim": {"mean": 0.48},
    }
    write_json(toys.folder(model.id) / GUIDANCE_FILE, found)
    app = open_text()
    assert not app.exception and app.slider(key="guidance").value == 3.0
    assert len(app.get("plotly_chart")) == 1
    assert "The default, 3, is the least guidance" in words(app)
