import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import domains
from core.data.archive import Archive, open_all
from core.data.cache import cached, decode
from core.data.dataset import load
from core.data.layouts import items_in, items_of
from core.errors import DataError
from core.preprocessing import Preprocessing


def png(rng, size=24, mode="L"):
    shape = (size, size) if mode == "L" else (size, size, 3)
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


def make_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def chest(tmp_path, rng):
    members = {}
    for split, n in (("train", 20), ("val", 2), ("test", 6)):
        for k in range(n):
            number = {"train": 0, "val": 100, "test": 200}[split] + k
            members[f"chest_xray/{split}/NORMAL/IM-{number:04d}-0001.jpeg"] = png(rng)
            kind = ("bacteria", "virus")[k % 2]
            name = f"person{number}_{kind}_{k}.jpeg"
            members[f"chest_xray/{split}/PNEUMONIA/{name}"] = png(rng)
    members["__MACOSX/chest_xray/train/NORMAL/._IM-0001-0001.jpeg"] = b"junk"
    members["chest_xray/.DS_Store"] = b"junk"
    return make_zip(tmp_path / "chest.zip", members)


def test_a_zip_and_its_unpacked_folder_read_alike(chest, tmp_path):
    with zipfile.ZipFile(chest) as archive:
        archive.extractall(tmp_path / "folder")
    packed, unpacked = Archive.open(chest), Archive.open(tmp_path / "folder")
    assert packed.names() == unpacked.names()
    name = packed.names()[0]
    assert packed.read(name) == unpacked.read(name)
    assert not any("MACOSX" in n or ".DS_Store" in n for n in packed.names())


def test_missing_and_broken_archives_give_a_sentence(tmp_path):
    with pytest.raises(DataError, match="no archive"):
        Archive.open(tmp_path / "none.zip")
    (tmp_path / "bad.zip").write_bytes(b"not a zip")
    with pytest.raises(DataError, match="download it again"):
        Archive.open(tmp_path / "bad.zip")
    with pytest.raises(DataError, match="readable image"):
        decode(b"nothing", "x.jpg")


def test_file_names_tell_class_and_patient(chest):
    items = items_of(Archive.open(chest), domains.get("chest_xray"))
    by_path = {i.path.rsplit("/", 1)[-1]: i for i in items}
    assert len(items) == 56
    assert by_path["person0_bacteria_0.jpeg"].class_id == "bacterial"
    assert by_path["person1_virus_1.jpeg"].patient == "person1"
    assert by_path["IM-0003-0001.jpeg"].patient == "IM-0003"


def test_an_archive_of_another_domain_is_refused_by_name(chest):
    with pytest.raises(DataError, match="data fetch brain_mri"):
        items_in([Archive.open(chest)], domains.get("brain_mri"))


def test_a_folder_of_archives_feeds_several_sources(chest, tmp_path, rng):
    members = {f"covid19/{k:03d}.jpg": png(rng) for k in range(20)}
    rows = "".join(f"{k:03d}.jpg,{k // 2}\n" for k in range(20))
    members["metadata.csv"] = ("filename,patient_id\n" + rows).encode()
    make_zip(tmp_path / "covid.zip", members)
    assert [a.name for a in open_all([tmp_path])] == ["chest.zip", "covid.zip"]
    data = load(domains.get("chest_xray"), [tmp_path], cache=tmp_path / "cache")
    counts = data.counts()
    assert sum(counts["covid19"].values()) == 20 and counts["covid19"]["test"] > 0
    assert set(data.archives) == {"chest.zip", "covid.zip"}


def test_task_labels_leave_out_classes_that_take_no_part(chest, tmp_path):
    data = load(domains.get("chest_xray"), [chest], cache=tmp_path / "cache")
    labels = data.labels("pneumonia")
    assert set(labels.tolist()) == {0, 1}
    expected = [0 if i.class_id == "normal" else 1 for i in data.items]
    assert labels.tolist() == expected
    assert len(data.indices("test", "pneumonia")) == 12
    official = [k for k, i in enumerate(data.items) if i.official == "test"]
    assert data.indices("test").tolist() == official


def test_the_second_reading_comes_from_the_cache(chest, tmp_path):
    domain, recipe = domains.get("chest_xray"), Preprocessing(size=16)
    archives = [Archive.open(chest)]
    items = items_in(archives, domain)
    first = cached(archives, items, recipe, tmp_path / "cache")
    second = cached(archives, items, recipe, tmp_path / "cache")
    assert (first.hit, second.hit) == (False, True)
    np.testing.assert_array_equal(first.images, second.images)
    other = cached(archives, items, Preprocessing(size=8), tmp_path / "cache")
    assert not other.hit and other.images.shape[1] == 8


def test_cached_pixels_are_those_of_inference(chest, tmp_path):
    data = load(domains.get("chest_xray"), [chest], cache=tmp_path / "cache")
    item = data.items[5]
    pixels = data.preprocessing.pixels(decode(Archive.open(chest).read(item.path)))
    np.testing.assert_array_equal(data.images[5], pixels)


def test_a_killed_filling_leaves_no_half_cache(chest, tmp_path, monkeypatch):
    domain, recipe = domains.get("chest_xray"), Preprocessing(size=16)
    archives = [Archive.open(chest)]
    items = items_in(archives, domain)
    monkeypatch.setattr("core.data.cache.pixel_hash", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cached(archives, items, recipe, tmp_path / "cache")
    monkeypatch.undo()
    again = cached(archives, items, recipe, tmp_path / "cache")
    assert not again.hit and again.images.any()
