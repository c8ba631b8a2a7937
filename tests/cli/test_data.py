"""`data fetch` and `data audit` on made-up archives."""

import json

import pytest

from core.errors import DataError
from tests.archives import brain_zip


@pytest.fixture
def archive(tmp_path):
    return brain_zip(tmp_path / "brain.zip", leak=True)


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
