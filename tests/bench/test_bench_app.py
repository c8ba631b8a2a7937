"""Memory per model on toys; starts and page switches by what a driver found, and by a browser."""

import pytest

from core.bench import app, memory
from core.errors import SynthLensError
from tests.toy import toys  # noqa: F401


def test_every_model_that_can_be_asked_is_weighed(toys):  # noqa: F811
    found = list(memory.run("chest_xray"))
    names = [m.name.split(":")[0].removeprefix("memory chest_xray/") for m in found]
    assert {"toy-gan", "toy-cnn", "toy-detector"} <= set(names) and "toy-encoder" not in names
    assert all(m.unit == "MB" and m.value >= 0 and m.baseline > 0 for m in found)


def test_a_start_stands_beside_an_empty_app_s(monkeypatch):
    seen = []

    def drive(script):
        seen.append(script)
        if script == app.APP:
            return {"cold": [5.0, 4.0, 9.0], "first": [2.0, 1.0, 1.5], "again": [0.6, 0.4, 0.5]}
        return {"cold": [2.0], "first": [0.3], "again": [0.2, 0.25, 0.3]}

    monkeypatch.setattr(app, "drive", drive)
    cold, first, again = app.run()
    assert (cold.value, cold.baseline, cold.ratio) == (5.0, 2.0, 2.5)
    assert (first.value, first.n) == (1.5, 3) and (again.value, again.baseline) == (0.5, 0.25)
    assert seen[0] == app.APP and seen[1].name == "empty.py"


def test_an_app_that_does_not_start_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "PATIENCE", 0.0)
    script = tmp_path / "empty.py"
    script.write_text(app.EMPTY)
    with pytest.raises(SynthLensError, match="did not start"), app.serving(script):
        pass


def test_no_browser_is_said(monkeypatch):
    pytest.importorskip("playwright")
    monkeypatch.setattr(app.shutil, "which", lambda name: None)
    with pytest.raises(SynthLensError, match="no Chromium"):
        app.drive(app.APP)
