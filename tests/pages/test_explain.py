"""The Explain page on toy checkpoints."""

import json

from tests.pages.conftest import words


def give(app, data, name="mine.png"):
    app.get("file_uploader")[0].upload(name, data, "image/png")
    return app.run()


def test_maps_metrics_and_checks_appear_without_a_click(open_page, upload):
    app = give(open_page("explain"), upload)
    assert not app.exception
    table = app.dataframe[0].value
    assert table["Map"].tolist()[-3:] == [
        "Random map (baseline)", "Edge map (baseline)", "Centre map (baseline)",
    ]  # fmt: skip
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


def test_figures_over_the_test_set_are_shown_without_an_upload(open_page, tmp_path):
    figure = {"value": 0.5, "ci": [0.4, 0.6]}
    measured = {
        "n": 48,
        "split": "test",
        "metrics": {m: {"deletion": figure, "road": figure} for m in ("ig", "random", "centre")},
        "beats": {r: {"ig": {"deletion": figure}} for r in ("random", "edge", "centre")},
        "randomisation": {"ig": [figure, figure]},
    }
    folder = tmp_path / "checkpoints" / "chest_xray"
    app = open_page("explain")
    assert "not measured over a test set yet" in words(app)
    assert "evaluate explain --domain chest_xray --model toy-cnn" in words(app)
    (folder / "toy-cnn" / "explain.json").write_text(json.dumps(measured))
    app.run()
    assert not app.exception
    table = app.dataframe[0].value
    assert table["Deletion AUC ↓"].tolist() == ["0.50 (0.40 to 0.60)"] * 3
    assert table["Map"].tolist()[1:] == ["Random map (baseline)", "Centre map (baseline)"]
    assert "IG beats a random map on deletion on 50% (40% to 60%)" in words(app)


def test_a_flip_is_searched_on_demand(open_page, upload):
    app = give(open_page("explain"), upload)
    assert "not how a disease looks" in words(app)
    next(b for b in app.button if b.label == "Search").click().run()
    assert not app.exception
    assert "autoencoder-128" in app.error[0].value  # the toys have none: one clear sentence


def test_a_generator_is_explained(open_page):
    app = open_page("explain", view="A generator's image", generator="Toy gan")
    assert not app.exception
    charts = "".join(chart.proto.spec for chart in app.get("plotly_chart"))
    assert "Style by layer" in charts
    app.selectbox(key="scored").set_value("chest_xray/toy-cnn").run()
    assert not app.exception
    assert "the score of Toy cnn" in words(app)
    app.selectbox(key="generator").set_value("chest_xray/toy-diffusion").run()
    assert not app.exception
    assert "no diffusion UNet" in app.error[0].value


def test_an_image_of_another_kind_is_explained_with_a_warning(open_page, upload, monkeypatch):
    from core.ui import uploads

    outside = {"checked": True, "in_scope": False, "message": "The image is unlike them."}
    monkeypatch.setattr(uploads, "check", lambda *_: [outside])
    app = give(open_page("explain"), upload)
    assert not app.exception
    assert "unlike them. What a model says of it means little" in app.warning[0].value
    monkeypatch.setattr(uploads, "check", lambda *_: [{**outside, "in_scope": True}])
    assert not [w for w in give(open_page("explain"), upload).warning if "means little" in w.value]
