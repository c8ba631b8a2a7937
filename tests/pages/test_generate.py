"""The Generate page on toy checkpoints."""

import pytest

from core.services.export import write_folder
from core.services.generation import generate
from core.ui.gallery import shipped
from tests.pages.conftest import words


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def test_first_paint_shows_images_made_ahead_of_time(toys, open_page):
    images = generate(toys, "chest_xray", "toy-gan", "normal", 3, 5)
    write_folder(images, toys.root / "chest_xray" / "gallery")
    app = open_page()
    assert not app.exception
    assert len(app.get("image")) == 3
    assert "seed 5" in words(app) and "synthetic" in words(app)


def test_draws_the_asked_number_with_consecutive_seeds(open_page):
    app = open_page(n="3", seed="41")
    press(app, "Generate")
    assert not app.exception
    assert [run.images[0].seed for run in app.session_state["_runs"]] == [41]
    for seed in (41, 42, 43):
        assert f"seed {seed}" in words(app)
    assert "0.600" in [metric.value for metric in app.metric]  # from the model's metrics file


def test_two_models_share_class_and_seed(open_page):
    app = open_page(n="2", seed="7")
    app.multiselect(key="models").select("Toy gan").run()
    press(app, "Generate")
    runs = app.session_state["_runs"]
    assert [run.images[0].model for run in runs] == [
        "chest_xray/toy-diffusion",
        "chest_xray/toy-gan",
    ]
    assert {i.seed for run in runs for i in run.images} == {7, 8}


def test_images_are_reviewed_by_independent_models(open_page):
    app = open_page(n="1", **{"class": "COVID-19"})
    press(app, "Generate")
    assert "COVID-19" in words(app)
    assert "Synthetic over 99 %" in words(app)  # the detector knows the toy checkerboard


def test_the_view_is_restored_from_the_url(open_page):
    app = open_page(**{"domain": "Brain MRI", "class": "Meningioma", "seed": "99", "n": "2"})
    assert app.selectbox(key="domain").value == "brain_mri"
    assert app.selectbox(key="class").value == "meningioma"
    assert app.number_input(key="seed").value == 99


def test_a_run_can_be_deleted(open_page):
    app = open_page(n="1")
    press(app, "Generate")
    press(app, "Delete")
    assert app.session_state["_runs"] == []


def test_the_same_settings_can_be_taken_over(open_page):
    app = open_page(n="1", seed="3")
    press(app, "Generate")
    app.number_input(key="seed").set_value(50).run()
    press(app, "Use these settings")
    assert app.number_input(key="seed").value == 3


def test_a_domain_without_models_says_what_to_do(open_page):
    app = open_page(domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "No generator for Colorectal histology: tissue texture yet" in words(app)
    assert "core train" in app.code[0].value


@pytest.mark.parametrize("content", ["{", "{}", '{"images": [{"file": "x.png"}]}'])
def test_a_broken_gallery_shows_nothing(toys, content):
    from core import domains

    folder = toys.root / "chest_xray" / "gallery"
    folder.mkdir()
    (folder / "manifest.json").write_text(content)
    assert shipped(toys, domains.get("chest_xray")) == ()
