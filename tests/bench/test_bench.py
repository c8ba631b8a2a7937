"""Benchmarks: the fields of a line, and ratios that mean what they say."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from core import bench
from core.bench import base, data, detect, generate
from core.bench.base import Measurement, seconds
from core.errors import SynthLensError
from tests.archives import brain_zip
from tests.toy import toys  # noqa: F401


@pytest.fixture
def unit(monkeypatch):
    """A fixed unit, so that the test does not run ResNet-18."""
    for module in (generate, detect):
        monkeypatch.setattr(module, "resnet18_unit", lambda: 0.5)


def test_a_line_has_the_fields_of_the_contract_first():
    line = Measurement("x", 3.0, "s", 2.0, 7, goal="<= 3").to_dict()
    assert list(line)[:6] == ["name", "value", "unit", "baseline", "ratio", "n"]
    assert line["ratio"] == 1.5 and line["goal"] == "<= 3"


def test_the_median_leaves_out_the_warm_up():
    calls = []
    assert seconds(lambda: calls.append(1), repeats=3, warm=2) >= 0
    assert len(calls) == 5


def test_the_unit_is_measured_once(monkeypatch):
    base.resnet18_unit.cache_clear()
    monkeypatch.setattr(base, "seconds", lambda work, **k: work().shape[1] / 1000)
    assert base.resnet18_unit() == 1.0
    monkeypatch.setattr(base, "seconds", lambda work, **k: 2.0)
    assert base.resnet18_unit() == 1.0
    base.resnet18_unit.cache_clear()


def test_generators_by_kind(toys, unit, monkeypatch):  # noqa: F811
    monkeypatch.setattr(generate, "BATCH", 2)
    lines = list(bench.run_benches("generate", "chest_xray"))
    assert [line["name"].split(": ")[1] for line in lines] == [
        "one image of a batch of 2", "1 image", "2 images",
    ]  # fmt: skip
    assert all(line["baseline"] == 0.5 and line["value"] > 0 for line in lines)
    assert [line["goal"] for line in lines] == ["<= 60", "<= 3", "<= 25"]


def test_detection(toys, unit, monkeypatch):  # noqa: F811
    monkeypatch.setattr(detect, "FILES", 4)
    lines = list(bench.run_benches("detect", "chest_xray"))
    assert len(lines) == 3 and all(line["unit"] == "s" for line in lines)
    assert lines[2]["n"] == 4


def test_the_cache_and_the_zip_are_read_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SIZE", 16)
    path = brain_zip(tmp_path / "brain.zip", 4)
    (line,) = bench.run_benches("data", "brain_mri", [path])
    assert line["n"] == 32 and line["ratio"] > 1
    assert line["unit"] == "images/s" and "zip" in line["compared_with"]


def test_an_archive_is_made_up_where_none_is_given(tmp_path):
    from core import domains
    from core.data.archive import Archive
    from core.data.layouts import items_of

    brain = domains.get("brain_mri")
    items = items_of(Archive.open(data.made_up(tmp_path, brain, 8)), brain)
    assert [i.class_id for i in items].count("glioma") == 2


def test_an_epoch_reads_every_row_once():
    rows = []
    assert data.epoch(lambda chosen: rows.append(chosen), 130, 1) > 0
    assert sorted(np.concatenate(rows).tolist()) == list(range(130))


def test_unknown_names_list_the_known():
    with pytest.raises(SynthLensError, match="generate, detect, explain"):
        list(bench.run_benches("fly"))


def test_out_writes_the_lines(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from core.cli.app import app

    monkeypatch.setattr(
        bench, "run_benches", lambda *a: iter([Measurement("x", 1, "s", 2, 1).to_dict()])
    )
    result = CliRunner().invoke(app, ["bench", "data", "--json", "--out", str(tmp_path / "r.json")])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "r.json").read_text()) == [json.loads(result.stdout)]


def test_some_benchmarks_leave_the_others_lines_in_the_file(tmp_path):
    from core.cli.bench import _joined

    (tmp_path / "r.json").write_text('[{"name": "a", "value": 1}, {"name": "b", "value": 2}]')
    found = _joined(tmp_path / "r.json", [{"name": "a", "value": 5}, {"name": "c", "value": 6}])
    assert [(line["name"], line["value"]) for line in found] == [("a", 5), ("b", 2), ("c", 6)]
    assert _joined(tmp_path / "none.json", [{"name": "c"}]) == [{"name": "c"}]


def test_a_ratio_is_always_value_over_baseline(monkeypatch):
    lines = [{"name": "a", "value": 1.0, "unit": "s", "baseline": 4.0, "ratio": 4.0, "n": 1}]
    lines.append({"name": "b", "value": 1.0, "unit": "r", "baseline": None, "ratio": None, "n": 1})
    module = SimpleNamespace(run=lambda: iter(lines))
    monkeypatch.setattr(bench, "import_module", lambda name: module)
    assert [line["ratio"] for line in bench.run_benches("explain")] == [0.25, None]
