"""OpenI's layout from made-up XML and images."""

import tarfile

import numpy as np
import pytest
from PIL import Image

from core.data import openi
from core.data.fetch import choose
from core.errors import DataError
from core.preprocessing import Preprocessing
from tests.text.test_reports import XML


def report(number: int, text: str, term: str) -> str:
    found = XML.replace("CXR12", f"CXR{number}").replace("Infiltrate/lung/base", term)
    found = found.replace("<major>Opacity</major>", "")
    return found.replace("The lungs are XXXX clear.", text)


@pytest.fixture
def collection(tmp_path):
    """Three reports, images of two, a lateral view among them."""
    folder = tmp_path / "openi"
    folder.mkdir()
    for number, text, term in ((1, "Clear lungs.", "normal"), (2, "Infiltrate.", "Infiltrate"),
                               (3, "Clear.", "normal")):  # fmt: skip
        (folder / f"{number}.xml").write_text(report(number, text, term))
    for name, level in (("CXR1_IM-0001-1001", 60), ("CXR1_IM-0001-2001", 0),
                        ("CXR2_IM-0001-1001", 200)):  # fmt: skip
        Image.fromarray(np.full((40, 30), level, np.uint8)).save(folder / f"{name}.png")
    return folder


def test_texts_find_their_images(collection):
    found = openi.load([collection], Preprocessing(size=16))
    assert [s.report.uid for s in found.studies] == ["1", "2"]
    assert [s.condition for s in found.studies] == ["normal", "pneumonia"]
    assert found.images.shape == (2, 16, 16, 1) and found.images[:, 0, 0, 0].tolist() == [60, 200]
    parts = [found.split(name).tolist() for name in ("train", "val", "test")]
    assert sorted(k for part in parts for k in part) == [0, 1]


def test_reports_may_stay_in_their_tgz(collection, tmp_path):
    path = tmp_path / "NLMCXR_reports.tgz"
    with tarfile.open(path, "w:gz") as store:
        for file in sorted(collection.glob("*.xml")):
            store.add(file, f"ecgen-radiology/{file.name}")
            file.unlink()
    seen = []
    found = openi.load([path, collection], progress=lambda k, n: seen.append((k, n)))
    assert len(found.studies) == 2 and seen == [(1, 2), (2, 2)]


def test_the_table_tells_the_frontal_view(collection):
    for file in collection.glob("*.xml"):
        file.unlink()
    (collection / "indiana_reports.csv").write_text(
        "uid,MeSH,findings,impression\n1,normal,Clear lungs.,\n"
    )
    (collection / "indiana_projections.csv").write_text(
        "uid,filename,projection\n1,1_IM-0001-2001.dcm.png,Lateral\n"
        "1,1_IM-0001-1001.dcm.png,Frontal\n"
    )
    found = openi.find_studies([collection])
    assert [s.path for s in found] == ["CXR1_IM-0001-1001.png"]


def test_missing_or_broken_files_are_said(collection, tmp_path):
    (tmp_path / "odd.tgz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"odd\.tgz"):
        openi.load([tmp_path / "odd.tgz"])
    (collection / "CXR2_IM-0001-1001.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="CXR2"):
        openi.load([collection])
    for file in collection.glob("*.png"):
        file.unlink()
    with pytest.raises(DataError, match="openi-images"):
        openi.load([collection])


def test_fetch_knows_reports_and_images():
    assert choose("openi").filename == "NLMCXR_reports.tgz"
    assert choose("openi", "openi-images").filename == "NLMCXR_png.tgz"
