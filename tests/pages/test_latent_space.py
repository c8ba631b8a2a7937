"""The latent page on toy checkpoints."""

import json

import pytest
import torch

from core.latent.directions import Direction, save_directions
from tests.pages.conftest import words


def test_sliders_move_the_image_and_the_classifier(open_page):
    app = open_page("latent_space", seed="5", latent="Toy gan")
    assert not app.exception
    before = [m.value for m in app.metric]
    assert {m.delta for m in app.metric} == {""}
    app.slider(key="to_pca-1").set_value(2.5).run()
    assert not app.exception
    assert len(before) == len(app.metric) > 0


def test_the_url_restores_the_whole_edit(open_page):
    query = {"latent": "Toy gan", "seed": "12", "class": "COVID-19", "to_pca-1": "1.5"}
    app = open_page("latent_space", **query)
    assert app.selectbox(key="latent").value == "chest_xray/toy-gan"
    assert app.selectbox(key="class").value == "covid19"
    assert app.number_input(key="seed").value == 12
    assert app.slider(key="to_pca-1").value == 1.5


def test_back_to_the_start_resets_every_slider(open_page):
    app = open_page("latent_space", **{"to_pca-1": "1.5"})
    next(b for b in app.button if b.label == "Back to the start").click().run()
    assert app.slider(key="to_pca-1").value == 0.0


def test_measured_effects_are_shown_from_the_shipped_table(toys, open_page):
    folder = toys.folder("chest_xray/toy-diffusion")
    save_directions([Direction("class-b", "class", "brighter", torch.eye(5)[4], 0.1)], folder)
    effect = {"quantity": "brightness", "slope": 0.05, "low": 0.04, "high": 0.06,
              "monotone": True, "significant": True}  # fmt: skip
    (folder / "effects.json").write_text(json.dumps({"class-b": {"n": 32, "effects": [effect]}}))
    app = open_page("latent_space")
    table = app.dataframe[0].value
    assert table["Moves"].tolist() == ["brightness"]
    assert table["95 % CI"].tolist() == ["+0.04 to +0.06"]


@pytest.mark.parametrize(
    ("view", "n", "word"),
    [
        ("Between two images", "n = 9 images", "To class"),
        ("Every class", "n = 4 images of one seed", "COVID-19"),
        ("From little to much", "n = 7 images of one seed", "truncation 1"),
        ("How it was learned", "n = 5 logged points", "Quantity"),
    ],
)
def test_every_view_draws_its_curve(open_page, view, n, word):
    app = open_page("latent_space", latent="Toy gan", view=view)
    assert not app.exception
    specs = [c.proto.spec for c in app.get("plotly_chart")]
    assert len(specs) == 1 and n in specs[0]
    assert word in words(app) + "".join(s.label for s in app.selectbox)


def test_without_a_generator_the_page_says_what_to_do(open_page):
    app = open_page("latent_space", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "No generator" in words(app)
