"""Before and after: both trees run the same code, medians make the ratio, gaps are left out."""

import json

from scripts import before_after as work


def test_medians_of_both_trees_make_the_ratio(tmp_path, monkeypatch):
    own, old = tmp_path / "own", tmp_path / "old"
    for folder, seconds in ((own, 2.0), (old, 4.0)):
        folder.mkdir()
        (folder / "timed.py").write_text(f"SECONDS = {seconds}")
    monkeypatch.setattr(work, "ROOT", own)
    found = work._compare(old, "import timed; print(timed.SECONDS)", 2)
    assert found == {"before": 4.0, "after": 2.0, "ratio": 0.5}
    (old / "timed.py").unlink()
    assert work._compare(old, "import timed; print(timed.SECONDS)", 2) == {}


def test_the_table_holds_the_files_figures(tmp_path, monkeypatch):
    tasks = {"Start": {"before": 10.2, "after": 4.4, "ratio": 0.431}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"base": "abc1234", "rounds": 3, "machine": "x", "tasks": tasks}))
    monkeypatch.setattr(work, "OUT", path)
    text = work.table()
    assert "abc1234" in text and "| Start | 10.20 s | 4.40 s | 0.43 |" in text
