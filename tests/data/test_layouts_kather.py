"""Layouts of public archives, on archives of the same layout made here."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import domains
from core.data.archive import Archive
from core.data.dataset import load
from core.data.layouts import items_in, items_of
from core.errors import DataError

KATHER = "Kather_texture_2016_image_tiles_5000"
TISSUES = ("TUMOR", "STROMA", "COMPLEX", "LYMPHO", "DEBRIS", "MUCOSA", "ADIPOSE", "EMPTY")


def image_bytes(rng, kind: str, channels: int = 3) -> bytes:
    shape = (20, 20, 3) if channels == 3 else (20, 20)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def write_zip(path, members: dict[str, bytes]):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def kather(tmp_path, rng):
    members = {f"{KATHER}/": b""}
    for number, tissue in enumerate(TISSUES, 1):
        for tile in range(10):
            name = f"{tile:X}_CRC-Prim-HE-0{tile}_Row_{tile}_Col_1.tif"
            members[f"{KATHER}/0{number}_{tissue}/{name}"] = image_bytes(rng, "TIFF")
    return write_zip(tmp_path / f"{KATHER}.zip", members)


def chest(prefix: str, rng) -> dict[str, bytes]:
    names = (
        "train/NORMAL/IM-0115-0001.jpeg",
        "train/NORMAL/NORMAL2-IM-0115-0001.jpeg",
        "train/PNEUMONIA/person12_bacteria_46.jpeg",
        "val/PNEUMONIA/person1946_bacteria_4874.jpeg",
        "test/PNEUMONIA/person12_virus_3.jpeg",
    )
    return {f"{prefix}{name}": image_bytes(rng, "JPEG", 1) for name in names}


def test_kather_has_eight_named_classes(kather):
    items = items_of(Archive.open(kather), domains.COLORECTAL_TEXTURE)
    assert len(items) == 80
    assert {i.class_id for i in items} == set(domains.COLORECTAL_TEXTURE.class_ids)
    assert {i.official for i in items} == {""}
    assert {i.source for i in items} == {"kather"}


def test_kather_loads_splits_and_keeps_colour(kather, tmp_path):
    data = load(domains.COLORECTAL_TEXTURE, [kather], cache=tmp_path / "cache")
    assert data.images.shape == (80, 128, 128, 3)
    assert len(np.unique(data.images[0].reshape(-1, 3), axis=0)) > 1
    assert np.bincount(data.class_index).tolist() == [10] * 8
    for counts in data.counts().values():
        assert counts["train"] >= 7
        assert counts["val"] == 1
        assert counts["test"] >= 1


def test_kather_unpacked_folder_reads_the_same(kather, tmp_path):
    with zipfile.ZipFile(kather) as archive:
        archive.extractall(tmp_path / "unpacked")
    packed = items_of(Archive.open(kather), domains.COLORECTAL_TEXTURE)
    folder = items_of(Archive.open(tmp_path / "unpacked"), domains.COLORECTAL_TEXTURE)
    assert [(i.path, i.class_id) for i in folder] == [(i.path, i.class_id) for i in packed]


def test_the_two_colorectal_domains_are_never_confused(kather, tmp_path, rng):
    members = {
        f"{split}/{c}/{c}_{n}.jpg": image_bytes(rng, "JPEG")
        for split in ("train", "test")
        for c in domains.COLORECTAL_POLYPS.class_ids
        for n in range(2)
    }
    polyps = write_zip(tmp_path / "colorectal-polyps.zip", members)
    archives = [Archive.open(kather), Archive.open(polyps)]
    texture_items = items_in(archives, domains.COLORECTAL_TEXTURE)
    polyp_items = items_in(archives, domains.COLORECTAL_POLYPS)
    assert {i.archive for i in texture_items} == {kather.name}
    assert {i.archive for i in polyp_items} == {polyps.name}
    assert len(polyp_items) == 20
    with pytest.raises(DataError, match="polyps"):
        items_in(archives[:1], domains.COLORECTAL_POLYPS)
    with pytest.raises(DataError, match="texture"):
        items_in(archives[1:], domains.COLORECTAL_TEXTURE)


def test_colorectal_names_differ_wherever_they_show():
    texture, polyps = domains.COLORECTAL_TEXTURE, domains.COLORECTAL_POLYPS
    assert texture.name != polyps.name
    assert not set(texture.class_ids) & set(polyps.class_ids)
    assert {s.id for s in texture.sources}.isdisjoint(s.id for s in polyps.sources)
    assert "not stated" in polyps.sources[0].licence


@pytest.mark.parametrize("prefix", ["", "chest_xray/", "chest_xray/chest_xray/", "a/b/c/"])
def test_chest_archive_at_any_depth(tmp_path, rng, prefix):
    path = write_zip(tmp_path / "chest.zip", chest(prefix, rng))
    items = items_of(Archive.open(path), domains.CHEST_XRAY)
    assert [i.class_id for i in items].count("bacterial") == 2
    assert {i.official for i in items} == {"train", "val", "test"}
    by_name = {i.path.rsplit("/", 1)[1]: i for i in items}
    assert by_name["person12_bacteria_46.jpeg"].patient == "person12"
    assert by_name["person12_virus_3.jpeg"].class_id == "viral"
    # The two naming series of normal images count their cases separately.
    patients = {by_name[n].patient for n in by_name if "IM-0115" in n}
    assert len(patients) == 2


def test_kaggle_zip_that_holds_everything_twice_counts_once(tmp_path, rng):
    once = chest("chest_xray/", rng)
    twice = {name.replace("chest_xray/", "chest_xray/chest_xray/"): d for name, d in once.items()}
    junk = {
        "chest_xray/__MACOSX/chest_xray/train/NORMAL/._IM-0115-0001.jpeg": b"\0\5\x16\7",
        "__MACOSX/chest_xray/test/PNEUMONIA/._person12_virus_3.jpeg": b"\0\5\x16\7",
        "chest_xray/train/NORMAL/.DS_Store": b"\0",
        "chest_xray/train/PNEUMONIA/readme.txt": b"no image",
    }
    path = write_zip(tmp_path / "archive.zip", once | twice | junk)
    items = items_of(Archive.open(path), domains.CHEST_XRAY)
    assert len(items) == len(once)
    assert not any("MACOSX" in i.path for i in items)


def test_mendeley_file_names(tmp_path, rng):
    members = {
        "chest_xray/train/NORMAL/NORMAL-1031320-0001.jpeg": image_bytes(rng, "JPEG", 1),
        "chest_xray/train/PNEUMONIA/BACTERIA-7422-0001.jpeg": image_bytes(rng, "JPEG", 1),
        "chest_xray/train/PNEUMONIA/BACTERIA-7422-0002.jpeg": image_bytes(rng, "JPEG", 1),
        "chest_xray/test/PNEUMONIA/VIRUS-355597-0002.jpeg": image_bytes(rng, "JPEG", 1),
    }
    path = write_zip(tmp_path / "ChestXRay2017.zip", members)
    found = {i.path: i for i in items_of(Archive.open(path), domains.CHEST_XRAY)}
    assert sorted(i.class_id for i in found.values()) == [
        "bacterial",
        "bacterial",
        "normal",
        "viral",
    ]
    assert len({i.patient for i in found.values()}) == 3
