import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from pydicom import dcmread

from core.errors import CheckpointError, SynthLensError
from core.registry import Registry
from core.services import translation_export as export
from core.services.translation import best, measured, ranked, translate
from core.translation import scope
from core.translation.window import Window
from tests.phantoms import head
from tests.toy import real_image, write_registry
from tests.translators import made_up, measure_all, write_translators

NAMES = ("cyclegan", "shape-aligned-0", "shape-aligned-1")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    write_registry(folder, ("brain_mri",))
    write_translators(folder, NAMES)
    found = Registry(folder, torch.device("cpu"))
    measure_all(found, made_up(folder))
    for name, error in zip(NAMES, (30.0, 20.0, 25.0)):
        line = {"step": 1, "images_seen": 8, "val_mae": error}
        (found.folder(f"brain_mri/{name}") / "history.jsonl").write_text(json.dumps(line) + "\n")
    return found


@pytest.fixture(scope="module")
def translated(registry):
    return translate(registry, head("mri", 48, 3), "mri_to_ct", "cyclegan")


def test_a_slice_is_translated_there_and_back(translated):
    assert translated.in_scope, translated.message
    assert translated.output.shape == translated.cycle.shape == translated.source.shape
    assert translated.cycle_error == pytest.approx(
        np.abs(translated.cycle.astype(float) - translated.source)[translated.mask].mean(), abs=1e-3
    )
    assert not translated.error_map()[~translated.mask].any()


def test_a_foreign_image_is_declined_and_nothing_is_made(registry):
    noise = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    found = translate(registry, noise, "mri_to_ct", "cyclegan")
    assert not found.in_scope and found.output is None
    assert not found.error_map().any()
    with pytest.raises(SynthLensError, match="declined"):
        export.png_bytes(found)


def test_without_a_fitted_scope_it_says_that_it_could_not_check(registry, monkeypatch):
    monkeypatch.setattr(scope, "encoder_digest", lambda registry: "another")
    found = translate(registry, real_image(), "mri_to_ct", "cyclegan")
    assert found.in_scope and "could not be checked" in found.message


def test_a_ct_of_another_window_is_brought_to_the_models_own(registry):
    ct = head("ct", 32)
    plain = translate(registry, ct, "ct_to_mri", "cyclegan")
    wide = translate(registry, ct, "ct_to_mri", "cyclegan", Window(160.0, 40.0))
    brain = (plain.source > 80) & (plain.source < 120)
    # a grey of 100 stood for 40 - 80 + 100 / 255 * 160 = 22.7 HU there, which is 72 here
    assert wide.source[brain].mean() == pytest.approx(2 * plain.source[brain].mean() - 127.5, abs=3)


def test_the_default_has_the_least_validation_error(registry):
    assert best(registry).id == "brain_mri/shape-aligned-0"
    assert [c.name for c in ranked(registry)] == [
        "shape-aligned-0", "shape-aligned-1", "cyclegan",
    ]  # fmt: skip
    assert best(registry, "cyclegan").id == "brain_mri/cyclegan"
    with pytest.raises(CheckpointError):
        best(registry, "nothing")


def test_without_translators_it_says_how_to_train_one(tmp_path):
    with pytest.raises(CheckpointError, match="train cyclegan"):
        best(Registry(tmp_path, torch.device("cpu")))


def test_folds_are_one_entry_with_all_their_cases(registry):
    found = measured(registry, "mri_to_ct")
    assert len(found) == 3  # the toy titles do not say "(fold 0)"
    assert found["Cyclegan"]["minus_cyclegan"] == {}
    assert found["Cyclegan"]["figures"]["mae"]["n"] == 6
    assert found["Shape-aligned-0"]["figures"]["mae"]["n"] == 4
    assert found["Cyclegan"]["baseline"]["mae"]["value"] > 0
    assert measured(registry, "ct_to_mri")["Cyclegan"]["baseline"] is None


def test_dicom_says_synthetic_and_derived(translated):
    file = dcmread(io.BytesIO(export.dicom_bytes(translated)))
    assert file.SyntheticData == "YES"
    assert list(file.ImageType) == ["DERIVED", "SECONDARY", "SYNTHETIC"]
    assert translated.source_sha256 in file.DerivationDescription
    assert "derived from MRI" in file.SeriesDescription
    np.testing.assert_array_equal(file.pixel_array, translated.output)


def test_png_says_synthetic_and_derived(translated):
    image = Image.open(io.BytesIO(export.png_bytes(translated)))
    assert image.text["Synthetic"] == image.text["Derived"] == "true"
    assert "SYNTHETIC" in image.text["Description"]
    np.testing.assert_array_equal(np.asarray(image), translated.output)
