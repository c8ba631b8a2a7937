"""Files that say what they are."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pydicom
import pytest
from PIL import Image

from core.errors import SynthLensError
from core.services import export
from core.services.generation import GeneratedImage


def made(channels=1, seed=3):
    pixels = np.random.default_rng(seed).integers(0, 255, (9, 9, channels), dtype=np.uint8)
    domain, name = ("chest_xray", "covid19") if channels == 1 else ("colorectal_polyps", "healthy")
    return GeneratedImage(pixels, domain, name, f"{domain}/toy", seed, {"steps": 4})


@pytest.mark.parametrize("channels", [1, 3])
def test_png_keeps_the_pixels_and_says_synthetic(channels):
    image = made(channels)
    content = export.png_bytes(image)
    with Image.open(io.BytesIO(content)) as opened:
        assert np.array_equal(np.asarray(opened).reshape(image.pixels.shape), image.pixels)
        assert opened.text["Synthetic"] == "true" and "SYNTHETIC" in opened.text["Description"]
        assert opened.text["Model"] == image.model and opened.text["Seed"] == "3"
        assert opened.text["Class"] == image.class_id
        assert "Trained on" in opened.text["Copyright"]
    assert content == export.png_bytes(made(channels))


@pytest.mark.parametrize("channels", [1, 3])
def test_dicom_says_synthetic_in_its_tags(channels):
    image = made(channels)
    content = export.dicom_bytes(image)
    read = pydicom.dcmread(io.BytesIO(content))
    assert read.SyntheticData == "YES" and read.QualityControlSubject == "YES"
    assert "seed 3" in read.DerivationDescription and image.model in read.DerivationDescription
    assert np.array_equal(read.pixel_array.reshape(image.pixels.shape), image.pixels)
    assert content == export.dicom_bytes(made(channels))


def test_two_images_have_different_identifiers():
    first, second = (pydicom.dcmread(io.BytesIO(export.dicom_bytes(made(1, s)))) for s in (1, 2))
    assert first.SOPInstanceUID != second.SOPInstanceUID


def test_folder_and_manifest_agree(tmp_path):
    images = [made(seed=1), made(seed=2)]
    paths = export.write_folder(images, tmp_path / "new")
    content = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert content["synthetic"] is True and content["options"] == {"steps": 4}
    assert [entry["file"] for entry in content["images"]] == [p.name for p in paths]
    for entry, path in zip(content["images"], paths):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]


def test_zip_holds_everything_and_repeats():
    images = [made(seed=1)]
    content = export.zip_bytes(images, {"fid_ratio": 0.5})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["covid19_toy_000001.png", "manifest.json", "metrics.json"]
        assert json.loads(archive.read("metrics.json")) == {"fid_ratio": 0.5}
    assert content == export.zip_bytes(images, {"fid_ratio": 0.5})


def test_no_images_give_an_empty_manifest_and_other_formats_are_refused():
    assert export.manifest([])["images"] == []
    with pytest.raises(SynthLensError, match="png, dicom"):
        export.encode(made(), "gif")
