import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("readme", ROOT / "scripts/readme_results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_what_the_metrics_files_say(script):
    text = (ROOT / "README.md").read_text()
    assert f"{script.START}\n{script.content()}\n{script.END}" in text


def test_a_changed_figure_changes_the_table(script, tmp_path):
    folder = tmp_path / "chest_xray" / "cnn"
    folder.mkdir(parents=True)
    card = {"id": "chest_xray/cnn", "domain": "chest_xray", "task": "classifier"}
    (folder / "card.json").write_text(json.dumps(card))
    figure = {"value": 0.9, "ci": [0.8, 0.95]}
    part = dict.fromkeys(("auc", "balanced_accuracy", "accuracy", "ece"), figure) | {"n": 624}
    (folder / "metrics.json").write_text(json.dumps({"test": {"official": part}}))
    before = script.table(tmp_path)
    assert "n = 624" in before and "0.900 (0.800 to 0.950)" in before
    assert "python -m core evaluate classifier --domain chest_xray" in before
    part["auc"] = {"value": 0.5, "ci": [0.4, 0.6]}
    (folder / "metrics.json").write_text(json.dumps({"test": {"official": part}}))
    assert script.table(tmp_path) != before


def test_every_python_file_of_a_page_is_free_of_torch_and_core_of_streamlit():
    for path in (ROOT / "pages").glob("*.py"):
        assert "import torch" not in path.read_text(), path
        assert len(path.read_text().splitlines()) <= 150, path
    for path in (ROOT / "core").rglob("*.py"):
        if "ui" not in path.parts:
            assert "import streamlit" not in path.read_text(), path
        assert len(path.read_text().splitlines()) <= 350, path
