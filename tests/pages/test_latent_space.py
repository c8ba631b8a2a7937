"""The latent page on toy checkpoints."""

from tests.pages.conftest import words


def test_one_seed_is_drawn_under_every_class_and_setting(open_page):
    app = open_page("latent_space", seed="5", latent="Toy gan")
    assert not app.exception
    assert len(app.get("image")) == 4 + 7
    for name in ("Normal", "COVID-19", "truncation 0", "truncation 1"):
        assert name in words(app)


def test_the_classifier_follows_the_path(open_page):
    app = open_page("latent_space")
    specs = [c.proto.spec for c in app.get("plotly_chart")]
    assert any("along the path (n = 4 images of one seed)" in spec for spec in specs)
    assert any("logged points" in spec for spec in specs)


def test_the_url_restores_model_class_and_seed(open_page):
    app = open_page("latent_space", latent="Toy gan", seed="12", **{"class": "COVID-19"})
    assert app.selectbox(key="latent").value == "chest_xray/toy-gan"
    assert app.selectbox(key="class").value == "covid19"
    assert app.number_input(key="seed").value == 12


def test_without_a_generator_the_page_says_what_to_do(open_page):
    app = open_page("latent_space", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "No generator" in words(app)
