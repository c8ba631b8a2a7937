"""A pack holds what training needs and nothing of the test split."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from core import domains
from core.cli.app import app
from core.data.dataset import load
from core.data.pack import domain_of_pack, read_pack, write_pack
from core.errors import DataError

DOMAIN = domains.get("colorectal_polyps")


@pytest.fixture
def archive(tmp_path, rng):
    """A made-up archive in the layout of the public one."""
    path = tmp_path / "colorectal-polyps.zip"
    with zipfile.ZipFile(path, "w") as store:
        for split, n in (("train", 20), ("test", 5)):
            for name in DOMAIN.class_ids:
                for k in range(n):
                    pixels = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
                    file = tmp_path / "one.png"
                    Image.fromarray(pixels).resize((150, 150)).save(file)
                    store.writestr(f"{split}/{name}/{k}.jpg", file.read_bytes())
    return path


def test_a_pack_gives_the_same_images_and_labels_without_the_test_split(archive, tmp_path):
    data = load(DOMAIN, [archive], cache=tmp_path / "cache")
    n = write_pack(data, [archive], tmp_path / "it.pack")
    again = load(DOMAIN, [tmp_path / "it.pack"])
    kept = np.flatnonzero(data.split != "test")
    assert n == len(again.images) == len(kept)
    assert np.array_equal(again.images, data.images[kept])
    assert np.array_equal(again.class_index, data.class_index[kept])
    assert again.archives == data.archives and "test" not in again.split
    stored = zipfile.ZipFile(tmp_path / "it.pack")
    assert not any(i["official"] == "test" for i in json.loads(stored.read("index.json"))["items"])


def test_a_pack_names_its_domain_and_refuses_others(archive, tmp_path):
    data = load(DOMAIN, [archive], cache=tmp_path / "cache")
    write_pack(data, [archive], tmp_path / "it.pack")
    assert domain_of_pack(tmp_path / "it.pack") == DOMAIN.id
    with pytest.raises(DataError, match="colorectal_polyps, not chest_xray"):
        read_pack(tmp_path / "it.pack", domains.get("chest_xray"))


def test_what_is_no_pack_gets_one_sentence(tmp_path):
    (tmp_path / "bad.pack").write_bytes(b"x")
    with pytest.raises(DataError, match="no pack; write one"):
        domain_of_pack(tmp_path / "bad.pack")


def test_the_command_says_how_to_name_the_file(archive, tmp_path):
    command = ["data", "pack", DOMAIN.id, "--data", str(archive), "--out", str(tmp_path / "it.zip")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2 and "it.pack" in result.output
