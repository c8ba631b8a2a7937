"""The Explain page on toy checkpoints."""

from tests.pages.conftest import words


def give(app, data, name="mine.png"):
    app.get("file_uploader")[0].upload(name, data, "image/png")
    return app.run()


def test_maps_metrics_and_checks_appear_without_a_click(open_page, upload):
    app = give(open_page("explain"), upload)
    assert not app.exception
    table = app.dataframe[0].value
    assert table["Map"].tolist()[-2:] == ["Random map (baseline)", "Edge map (baseline)"]
    assert {"Grad-CAM", "SHAP"} <= set(table["Map"])
    charts = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert any("Randomisation check" in spec for spec in charts)
    assert any("hovertemplate" in spec for spec in charts)


def test_two_models_give_two_rows(open_page, upload):
    app = open_page("explain")
    app.multiselect(key="explained").select("Toy worse").run()
    app = give(app, upload)
    assert not app.exception
    assert words(app).count("How far to trust it") == 2


def test_a_contrast_can_be_asked_for(open_page, upload):
    app = give(open_page("explain"), upload)
    app.selectbox(key="target").set_value("PNEUMONIA").run()
    app.selectbox(key="against").set_value("NORMAL").run()
    assert not app.exception
    assert "rather than **NORMAL**" in words(app)


def test_an_unreadable_file_is_said_in_one_sentence(open_page):
    app = give(open_page("explain"), b"nothing")
    assert not app.exception
    assert "can't be used" in app.error[0].value


def test_without_models_the_page_says_what_to_do(open_page):
    app = open_page("explain", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "core train classifier" in app.code[0].value
