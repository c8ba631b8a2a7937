"""The latent page on toy checkpoints and a small style-based generator."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.evaluate.dissection import dissect
from core.evaluate.map import map_images
from core.latent.directions import Direction, save_directions
from core.services import latent
from core.training.dynamics import pack
from tests.latent.small import write_small
from tests.pages.conftest import APP, png, words

MODEL = "chest_xray/toy-gan"
SMALL = {"latent": "Small style"}


def sliders(app) -> dict:
    """What the slider component was given."""
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json or component.proto.mixed.json)


def picture(data: dict, name: str = "edited") -> np.ndarray:
    content = base64.b64decode(data["pictures"][name]["src"].split(",", 1)[1])
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture
def deep_link(toys):
    """The page as a first visit by its address, no other page before it."""

    def run(**query):
        app = AppTest.from_file(str(APP), default_timeout=120)
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page("pages/latent_space.py").run()

    return run


@pytest.fixture
def small(toys):
    write_small(toys.root)
    return toys


def test_the_url_restores_the_view_bit_for_bit(toys, deep_link):
    query = {"latent": "Toy gan", "seed": "12", "class": "COVID-19", "edit": "pca-1:1.5,pca-3:-0.7"}
    app = deep_link(**query)
    assert not app.exception
    assert app.selectbox(key="latent").value == MODEL
    assert app.selectbox(key="class").value == "covid19"
    assert app.number_input(key="seed").value == 12
    data = sliders(app)
    values = {s["id"]: s["value"] for s in data["sliders"] if s["value"]}
    assert values == {"pca-1": 1.5, "pca-3": -0.7}
    handles = {h.id: h for h in latent.handles(toys, MODEL)}
    moves = [(handles["pca-1"], 1.5), (handles["pca-3"], -0.7)]
    wanted = latent.render(toys, MODEL, "covid19", 12, moves)
    np.testing.assert_array_equal(picture(data), wanted.squeeze())
    again = deep_link(**query)
    assert sliders(again)["pictures"] == data["pictures"]
    assert app.query_params["edit"] in ("pca-1:1.5,pca-3:-0.7", ["pca-1:1.5,pca-3:-0.7"])


def test_undo_redo_and_reset_move_the_sliders_and_the_url(open_page):
    app = open_page("latent_space", latent="Toy gan", edit="pca-1:2")
    start = sliders(app)
    assert len(start["history"]) == 2 and start["history"][1]["now"]

    def press(label):
        next(b for b in app.button if b.label == label).click().run()
        assert not app.exception
        return sliders(app)

    undone = press("Undo")
    assert [s["value"] for s in undone["sliders"]] == [0.0] * 4
    assert "edit" not in app.query_params
    assert undone["pictures"]["edited"]["src"] == undone["pictures"]["start"]["src"]
    assert len(np.unique(picture(undone, "difference").reshape(-1, 3), axis=0)) == 1
    redone = press("Redo")
    assert redone["pictures"]["edited"] == start["pictures"]["edited"]
    reset = press("Reset")
    assert reset["moves"] == "" and len(reset["history"]) == 3
    assert reset["version"] != redone["version"]


def test_the_table_compares_classifier_detector_and_attributes(open_page):
    rows = {r[0]: r[1:] for r in sliders(open_page("latent_space", latent="Toy gan"))["rows"]}
    assert {"p(synthetic)", "brightness", "lung area"} <= rows.keys()
    assert all(change == "–" for _, _, change in rows.values())


def test_styles_are_mixed_from_the_url(toys, open_page):
    query = {"latent": "Toy gan", "mix": "fine", "mix_seed": "7"}
    app = open_page("latent_space", **query)
    assert not app.exception
    origin = latent.Origin(MODEL, "normal", 1, ("fine",), 7)
    wanted = latent.draw(toys, MODEL, latent.code(toys, origin))
    np.testing.assert_array_equal(picture(sliders(app)), wanted.squeeze())
    assert "fine styles are those of seed 7" in words(app)


def test_measured_effects_are_shown_from_the_shipped_table(toys, open_page):
    folder = toys.folder(MODEL)
    save_directions([Direction("class-b", "class", "brighter", torch.eye(5)[4], 0.1)], folder)
    effect = {"quantity": "brightness", "slope": 0.05, "low": 0.04, "high": 0.06,
              "standardised": 0.5, "monotone": True, "significant": True}  # fmt: skip
    identity = {"share": 0.4, "low": 0.3, "high": 0.5}
    row = {"n": 32, "effects": [effect], "identity": identity}
    (folder / "effects.json").write_text(json.dumps({"class-b": row}))
    app = open_page("latent_space", latent="Toy gan")
    table, short = (frame.value for frame in app.dataframe[:2])
    assert table["Moves"].tolist() == ["brightness"]
    assert table["95 % CI"].tolist() == ["+0.04 to +0.06"]
    assert short["Significant and monotone"].tolist() == ["1 of 1"]
    assert short.iloc[0, 3] == "0.40 (0.30 to 0.50)"


@pytest.mark.parametrize(
    ("view", "n", "word"),
    [
        ("Between two images", "n = 9 images", "To class"),
        ("Every class", "n = 4 images of one seed", "COVID-19"),
        ("From little to much", "n = 7 images of one seed", "truncation 1"),
        ("How it was learned", "n = 5 logged points", "Quantity"),
        ("Where it reacts", "n = 4 directions", "Layer by layer"),
    ],
)
def test_every_view_draws_its_curve(open_page, view, n, word):
    app = open_page("latent_space", latent="Toy gan", view=view)
    assert not app.exception
    specs = [c.proto.spec for c in app.get("plotly_chart")]
    assert len(specs) == 1 and n in specs[0]
    assert word in words(app) + "".join(s.label for s in app.selectbox)


def test_a_film_tells_its_length_and_gives_files(open_page):
    app = open_page("latent_space", latent="Toy gan", view="Between two images", way="z")
    assert "Perceptual path length" in words(app)
    assert {b.label for b in app.get("download_button")} == {"GIF", "MP4", "Frames"}


def test_units_are_shown_with_their_segments_and_ablated(small, open_page):
    app = open_page("latent_space", **SMALL, view="Units")
    assert not app.exception and "core dissect" in words(app)
    dissect(small, "chest_xray/small-style", n=8, top=2)
    app = open_page("latent_space", **SMALL, view="Units", factor="0.0")
    assert not app.exception
    assert "IoU" in app.dataframe[0].value.columns and len(app.dataframe[0].value) == 2
    assert app.dataframe[1].value["Measured"].tolist()[-1] == "lung opacity"
    app.multiselect(key=f"units:{app.selectbox(key='layer').value}").set_value([]).run()
    assert "at least one unit" in words(app)


def test_the_map_shows_classes_and_opens_images(small, open_page):
    app = open_page("latent_space", **SMALL, view="Map")
    assert "core map-images" in words(app)
    map_images(small, "chest_xray/small-style", 4)
    app = open_page("latent_space", **SMALL, view="Map")
    assert not app.exception
    assert "n = 16" in app.get("plotly_chart")[0].proto.spec


def test_an_upload_is_projected_and_edited_with_the_same_sliders(small, open_page):
    app = open_page("latent_space", **SMALL, start="Your image")
    assert not app.exception and "stays in this session" in words(app)
    app.file_uploader[0].set_value(("scan.png", png(), "image/png"))
    app.run()
    app.slider(key="latent_upload_steps").set_value(25).run()
    next(b for b in app.button if b.label.startswith("Project as")).click().run()
    assert not app.exception
    assert {m.label for m in app.metric} == {"Mean error", "PSNR", "SSIM"}
    assert "not on the upload" in words(app)
    data = sliders(app)
    assert data["pictures"]["upload"]["caption"] == "Your image"
    assert data["pictures"]["start"]["caption"] == "Reconstruction"


def test_the_training_is_replayed_from_its_grids(small, open_page, tmp_path):
    run = tmp_path / "run"
    (run / "grids").mkdir(parents=True)
    (run / "history.jsonl").write_text('{"step": 5, "images_seen": 160, "loss": 1}\n')
    for step in (5, 9):
        Image.fromarray(np.full((128, 128), step, np.uint8)).save(run / f"grids/{step:07d}.png")
    pack(run, small.folder("chest_xray/small-style"), 4)
    app = open_page("latent_space", **SMALL, view="How it was learned")
    assert not app.exception
    slider = app.select_slider(key="grid:chest_xray/small-style")
    assert slider.options == ["160 images", "step 9"]
    slider.set_value(5).run()
    assert "After 160 images" in words(app)


def test_without_a_generator_the_page_says_what_to_do(open_page):
    app = open_page("latent_space", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "No generator" in words(app)
