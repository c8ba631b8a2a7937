"""`data fetch` and `data audit` on made-up archives."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.errors import DataError


@pytest.fixture
def archive(tmp_path):
    """Six images a class and split in the brain MRI layout; one stands in both splits."""
    rng = np.random.default_rng(0)
    path = tmp_path / "brain.zip"
    with zipfile.ZipFile(path, "w") as made:
        for split, short in (("Training", "Tr"), ("Testing", "Te")):
            for name in ("glioma", "meningioma", "notumor", "pituitary"):
                for i in range(6):
                    coarse = rng.integers(0, 255, (8, 8), dtype=np.uint8)
                    stream = io.BytesIO()
                    Image.fromarray(coarse).resize((40, 40)).save(stream, "JPEG")
                    content = stream.getvalue()
                    if (split, name, i) == ("Training", "glioma", 0):
                        leak = content
                    if (split, name, i) == ("Testing", "glioma", 0):
                        content = leak
                    made.writestr(f"{split}/{name}/{short}-{name[:2]}_{i:04d}.jpg", content)
    return path


def test_audit_finds_the_leak(core, archive, tmp_path):
    answer = core(
        "data", "audit", "brain_mri", "--data", archive, "--out", tmp_path / "o", "--json"
    )
    assert answer.code == 0, answer.err
    assert len(answer.lines) == 1
    assert answer.lines[0]["cross_split_duplicate_groups"] == 1
    assert answer.lines[0]["images"] == 48
    assert json.loads((tmp_path / "o" / "brain_mri.json").read_text())["images"] == 48
    assert (tmp_path / "o" / "brain_mri.md").read_text().startswith("# Data audit")


def test_audit_refuses_what_it_cannot_use(core, archive, tmp_path):
    answer = core("data", "audit", "knee", "--data", archive, "--json")
    assert answer.code == 2 and "Unknown domain" in answer.err
    answer = core("data", "audit", "brain_mri", "--data", tmp_path / "none.zip", "--json")
    assert answer.code == 2 and "none.zip" in answer.err and answer.out == ""


def test_fetch_prints_where_the_archive_is(core, tmp_path, monkeypatch):
    def bring(download, to, progress, announce):
        announce(f"Licence: {download.licence}")
        return to / download.filename

    monkeypatch.setattr("core.data.fetch.fetch_one", bring)
    answer = core("data", "fetch", "brain_mri", "--to", tmp_path, "--json")
    assert answer.code == 0 and answer.lines[0]["path"].startswith(str(tmp_path))
    assert "Licence" in answer.err


def test_a_failed_download_is_code_three_and_an_unknown_domain_two(core, tmp_path, monkeypatch):
    def fail(*arguments):
        raise DataError("The host could not be reached.")

    monkeypatch.setattr("core.data.fetch.fetch_one", fail)
    answer = core("data", "fetch", "brain_mri", "--to", tmp_path)
    assert answer.code == 3 and "could not be reached" in answer.err
    assert core("data", "fetch", "knee", "--to", tmp_path).code == 2
