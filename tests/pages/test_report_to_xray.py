"""The page Report to X-ray on untrained generators."""

import pytest

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
