"""The MRI to CT page on toy translators."""

import io
import re
import shutil

import pytest
import torch
from PIL import Image

from core.registry import Registry, default_registry
from tests.pages.conftest import APP, png, words
from tests.phantoms import head
from tests.toy import write_registry
from tests.translators import made_up, measure_all, write_translators

NAMES = ("cyclegan", "shape-cyclegan")


def slice_bytes(modality: str = "mri") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(head(modality, 64, 7)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Toy translators with their scopes and metrics, made once."""
    folder = tmp_path_factory.mktemp("measured")
    write_registry(folder, ("brain_mri",))
    write_translators(folder, NAMES)
    measure_all(Registry(folder, torch.device("cpu")), made_up(folder))
    return folder


@pytest.fixture
def page(open_page, measured):
    for name in NAMES:
        model = f"brain_mri/{name}"
        shutil.copytree(measured / model, default_registry().root / model)
    return open_page


def give(app, data: bytes):
    app.get("file_uploader")[0].upload("mine.png", data, "image/png")
    return app.run()


def test_figures_are_shown_and_nothing_is_translated_before_a_slice_is_given(page):
    app = page("mri_to_ct")
    assert not app.exception
    errors = app.dataframe[0].value
    assert list(errors["Model"])[-1].startswith("No model")
    assert any("Difference from CycleGAN" in m.value for m in app.markdown)
    assert "Cycle error" not in words(app)
    assert not [i for i in default_registry().loaded_ids() if "cyclegan" in i]


def test_a_slice_gives_output_cycle_and_error_in_one_row(page):
    app = give(page("mri_to_ct"), slice_bytes())
    assert not app.exception and not app.error
    assert "Cycle error" in words(app)
    captions = [c for image in app.get("image") for c in image.captions]
    assert captions[:2] == ["Input: MRI", "Output: synthetic CT"]
    assert [b.proto.label for b in app.get("download_button")] == ["DICOM", "PNG"]


def test_explanations_come_when_asked_for(page):
    app = give(page("mri_to_ct"), slice_bytes())
    app.toggle(key="critic").set_value(True).run()
    app.toggle(key="origin").set_value(True).run()
    assert not app.exception and not app.error
    assert "Mean patch score" in words(app)
    assert "of the gradient lies in the same place" in words(app)


def test_a_chest_like_image_is_declined(page):
    app = give(page("mri_to_ct"), png(channels=1))
    assert not app.exception
    assert "Not translated" in app.warning[0].value
    assert not app.get("download_button")


def test_the_other_direction_asks_for_a_ct_and_its_window(page):
    app = page("mri_to_ct")
    app.session_state["direction"] = "ct_to_mri"
    app = give(app.run(), slice_bytes("ct"))
    assert not app.exception and not app.error
    assert [n.label for n in app.number_input] == ["Its window width, HU", "Its window level, HU"]
    assert "Cycle error" in words(app)


def test_without_translators_the_page_says_what_lacks_and_which_commands_make_it(open_page):
    app = open_page("mri_to_ct")
    assert not app.exception
    assert "nothing was measured" in words(app) and "brain-mri-ct.zip" in words(app)
    commands = app.code[0].value
    assert "core train cyclegan" in commands and "core evaluate translator" in commands
    named = re.findall(r"configs/\S+\.toml", commands)
    assert len(named) == 2 and all((APP.parent / name).exists() for name in named)
