"""The page of cards, figures and data."""

import json

from tests.pages.conftest import words


def test_every_checkpoint_is_listed_with_its_status(toys, open_page):
    app = open_page("models_and_data")
    assert not app.exception
    table = app.dataframe[-1].value
    assert len(table) == len(toys.cards())
    assert set(table["sha256"]) == {"verified"}


def test_an_altered_checkpoint_is_named_and_the_rest_stays(toys, open_page):
    path = toys.folder("chest_xray/toy-gan") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    app = open_page("models_and_data")
    assert not app.exception
    assert "toy-gan" in app.warning[0].value and "sha256" in app.warning[0].value
    assert (app.dataframe[-1].value["sha256"] == "verified").sum() == len(toys.cards()) - 1


def test_figures_come_from_the_metrics_file(toys, open_page):
    folder = toys.folder("chest_xray/toy-diffusion")
    figures = {"fid_ratio": 0.61, "fid_ratio_sd": 0.02, "kid": 0.01, "n": 77}
    (folder / "metrics.json").write_text(json.dumps(figures))
    app = open_page("models_and_data", card="Toy diffusion (generator)")
    table = app.dataframe[0].value
    assert table["Value"].tolist() == ["0.610 ± 0.020", "0.010"]
    assert table["n"].tolist() == [77, 77]


def test_training_curves_are_drawn(open_page):
    app = open_page("models_and_data")
    assert "Training curve" not in words(app)
    assert "n = 5 logged points" in app.get("plotly_chart")[0].proto.spec


def test_licences_and_caveats_of_the_data_are_shown(open_page):
    app = open_page("models_and_data", domain="Colorectal histology: polyps")
    assert "not stated by its source" in words(app)
    assert "research use only" in words(app)


def test_without_any_model_the_data_is_still_described(open_page):
    app = open_page("models_and_data", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "Kather" in words(app)


def test_an_address_may_name_a_domain_by_its_id(open_page):
    app = open_page("models_and_data", domain="colorectal_polyps")
    assert not app.exception
    assert app.session_state["domain"] == "colorectal_polyps"
