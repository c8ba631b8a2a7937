import json

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from core.cli.app import app
from core.registry import Registry
from core.translation import scope
from tests.phantoms import head, slices_zip
from tests.toy import toys, use_registry  # noqa: F401
from tests.translators import made_up, write_translators


@pytest.fixture
def translators(tmp_path, monkeypatch):
    registry = use_registry(monkeypatch, tmp_path / "checkpoints", ("brain_mri",))
    write_translators(registry.root)
    scope.fit(Registry(registry.root, torch.device("cpu")), "brain_mri/cyclegan", made_up(tmp_path))
    return registry


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(("kind", "suffix"), [("png", ".png"), ("dicom", ".dcm")])
def test_slices_are_translated_and_others_declined(translators, tmp_path, kind, suffix):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(head("mri", 64, 5)).save(folder / "a.png")
    noise = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "b.png")
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["translate", str(folder), "--out", str(out), "--format", kind, "--json"]
    )
    good, bad = lines(result)
    assert result.exit_code == 3
    assert good["in_scope"] and good["cycle_error"] >= 0
    assert bad["error"].startswith("Declined")
    assert [p.suffix for p in out.iterdir()] == [suffix]


@pytest.mark.parametrize("option", [["--direction", "up"], ["--format", "gif"]])
def test_unknown_words_are_refused(translators, tmp_path, option):
    result = CliRunner().invoke(app, ["translate", str(tmp_path), "--out", str(tmp_path), *option])
    assert result.exit_code == 2
    assert "choose one of" in result.stderr


def test_a_pack_is_prepared_by_a_command(tmp_path, monkeypatch):
    monkeypatch.setattr("core.translation.slices.FOLDER", tmp_path / "cache")
    made, out = slices_zip(tmp_path / "made.zip"), tmp_path / "pack.npz"
    result = CliRunner().invoke(
        app, ["data", "slices", "--data", str(made), "--size", "32", "--out", str(out), "--json"]
    )
    assert result.exit_code == 0
    assert lines(result)[0]["bytes"] == out.stat().st_size
