"""Test images by index: only from the archives that the index counts in."""

import pytest

from core import domains
from core.data.dataset import load
from core.errors import DataError
from core.services import held_out_images
from tests.archives import brain_zip


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr("core.data.cache.FOLDER", tmp_path / "cache")
    monkeypatch.setenv(held_out_images.VARIABLE, str(tmp_path / "data"))
    held_out_images._loaded.cache_clear()
    (tmp_path / "data").mkdir()
    path = brain_zip(tmp_path / "data" / "brain.zip", 3)
    yield load(domains.get("brain_mri"), [path])
    held_out_images._loaded.cache_clear()


def held_out_images_come_with_their_class(data):
    index = data.indices("test").tolist()
    found = held_out_images.images_at("brain_mri", index, data.archives, most=2)
    assert [i for i, _, _ in found] == index[:2]
    assert found[0][1] == data.domain.class_name(data.items[index[0]].class_id)
    assert (found[0][2] == data.images[index[0]]).all()


def test_other_archives_are_refused(data):
    with pytest.raises(DataError, match="not those of the study"):
        held_out_images.images_at("brain_mri", [0], {"brain.zip": "0" * 64})
    with pytest.raises(DataError, match="could be read"):
        held_out_images.images_at("chest_xray", [0], {})


def test_without_a_folder_there_are_none(monkeypatch, tmp_path):
    monkeypatch.delenv(held_out_images.VARIABLE, raising=False)
    assert held_out_images.folder() is None
    assert held_out_images.images_at("brain_mri", [0], {}) == []
    monkeypatch.setenv(held_out_images.VARIABLE, str(tmp_path / "gone"))
    assert held_out_images.folder() is None
