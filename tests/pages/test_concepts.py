"""The Concepts page on toy checkpoints."""

import io

import pytest
from PIL import Image

from core.registry import default_registry
from tests.concepts import toy_concepts
from tests.pages.conftest import words

CNN = "chest_xray/toy-cnn"


@pytest.fixture
def page(toys, open_page):
    toy_concepts.ship(default_registry())
    return lambda **query: open_page("concepts", concepts_of="Toy cnn", **query)


def files(part):
    found = []
    for i, pixels in enumerate(toy_concepts.stack()[part]):
        stream = io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(stream, "PNG")
        found.append((f"{i}.png", stream.getvalue(), "image/png"))
    return found


def charts(app):
    return [chart.proto.spec for chart in app.get("plotly_chart")]


def test_scores_and_figures_stand_there_without_a_click(page):
    app = page()
    assert not app.exception
    table = app.dataframe[0].value
    assert table["Concept"].tolist() == ["bright image", "odd number"]
    assert table["Verdict"].tolist() == ["towards PNEUMONIA", "no evidence"]
    assert any("TCAV scores" in spec and "no evidence" in spec for spec in charts(app))
    assert "no finding" in words(app)


def test_an_upload_gets_signed_bars(page):
    app = page()
    app.get("file_uploader")[0].upload(*files(slice(0, 1))[0])
    app.run()
    assert not app.exception
    assert any("What would move this answer" in spec for spec in charts(app))
    assert "bright image: pushes towards PNEUMONIA" in words(app)


def test_label_comes_from_the_url_and_goes_there(page):
    app = page(label="NORMAL")
    assert not app.exception
    assert "away from NORMAL" in app.dataframe[0].value["Verdict"].tolist()
    assert app.query_params["label"] == "NORMAL" and app.query_params["layer"] == "last maps"


def test_a_label_that_does_not_exist_is_passed_over(page):
    app = page(label="FLU", layer="attic")
    assert not app.exception
    assert app.query_params["label"] == "PNEUMONIA"


def test_uploads_become_a_concept(page):
    app = page()
    app.text_input(key="own_name").set_value("my mark").run()
    for number, part in ((1, slice(0, 10)), (2, slice(-10, None))):
        uploader = app.get("file_uploader")[number]
        for one in files(part):
            uploader.upload(*one)
        app.run()
    next(b for b in app.button if b.label == "Test this concept").click().run()
    assert not app.exception
    assert "my mark" in words(app) and "evidence for" in words(app)
    assert "my mark" in app.dataframe[0].value["Concept"].tolist()


def test_a_model_without_figures_names_the_command(open_page):
    app = open_page("concepts", concepts_of="Toy detector")
    assert not app.exception
    assert "concepts measure" in app.code[0].value


def test_damaged_figures_are_said_in_a_sentence(page):
    (default_registry().folder(CNN) / "concepts.safetensors").write_bytes(b"no")
    app = page()
    assert not app.exception
    assert "damaged" in app.error[0].value


def test_without_models_the_page_says_what_to_do(open_page):
    app = open_page("concepts", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "core train classifier" in app.code[0].value
