import json

import pytest
import torch

from core.errors import DataError
from core.training.config import read_config, read_duration
from core.training.run import Run


def test_state_comes_back_with_counters_randomness_and_a_clean_log(tmp_path):
    run = Run(tmp_path, {"seed": 3})
    run.step, run.images_seen = 5, 80
    run.log(loss=torch.tensor(0.25))
    run.save_state({"weight": torch.ones(2)})
    following = torch.rand(3)
    run.step = 6
    run.log(loss=9.0)  # a step that the kill loses
    again = Run(tmp_path, {"seed": 3}, resume=True)
    state = again.load_state()
    assert state["weight"].tolist() == [1, 1]
    assert (again.step, again.images_seen) == (5, 80)
    assert torch.equal(torch.rand(3), following)
    lines = [json.loads(line) for line in again.history.read_text().splitlines()]
    assert [(line["step"], line["loss"]) for line in lines] == [(5, 0.25)]


def test_a_new_run_forgets_the_old_one(tmp_path):
    run = Run(tmp_path, {})
    run.log(loss=1)
    run.save_state({})
    fresh = Run(tmp_path, {})
    assert fresh.load_state() is None and not fresh.history.exists()


def test_resuming_nothing_starts_from_scratch(tmp_path):
    assert Run(tmp_path, {}, resume=True).load_state() is None


def test_an_interrupted_write_leaves_the_last_good_state(tmp_path, monkeypatch):
    run = Run(tmp_path, {})
    run.step = 1
    run.save_state({"x": 1})

    def fails(*_args):
        raise OSError("No space left on device")

    monkeypatch.setattr(torch, "save", fails)
    with pytest.raises(OSError, match="space"):
        run.save_state({"x": 2})
    monkeypatch.undo()
    assert Run(tmp_path, {}, resume=True).load_state() == {"x": 1}


def test_the_time_budget_ends_a_run(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("core.training.run.time.monotonic", lambda: now[0])
    run = Run(tmp_path, {}, time_budget=60)
    now[0] += 59
    assert not run.out_of_time()
    now[0] += 2
    assert run.out_of_time()
    assert not Run(tmp_path, {}).out_of_time()


def test_every_fires_once_per_interval(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("core.training.run.time.monotonic", lambda: now[0])
    run = Run(tmp_path, {})
    fired = []
    for now[0] in range(0, 25):
        fired.append(run.every(10, "x"))
    assert [k for k, f in enumerate(fired) if f] == [10, 20]


def test_the_summary_names_command_data_and_hardware(tmp_path):
    run = Run(tmp_path, {"seed": 7}, command="python -m core train x")
    summary = run.summary([{"domain": "toy"}])
    assert summary["seed"] == 7 and summary["command"] == "python -m core train x"
    assert summary["data"] == [{"domain": "toy"}] and "core" in summary["hardware"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("45s", 45), ("20m", 1200), ("1.5h", 5400)]
)
def test_durations(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5d", "-3m"])
def test_other_durations_are_refused_with_examples(text):
    with pytest.raises(ValueError, match="20m"):
        read_duration(text)


def test_configurations_are_checked(tmp_path):
    path = tmp_path / "c.toml"
    with pytest.raises(DataError, match="no configuration"):
        read_config(path)
    path.write_text("id = ")
    with pytest.raises(DataError, match="TOML"):
        read_config(path)
    path.write_text('id = "a/b"')
    with pytest.raises(DataError, match="family"):
        read_config(path)
    path.write_text('id = "a/b"\n[model]\nfamily = "cnn"\n')
    assert read_config(path)["model"]["family"] == "cnn"


def test_lines_logged_after_the_state_are_dropped_even_at_its_own_step(tmp_path):
    run = Run(tmp_path, {})
    run.step = 4
    run.log(loss=1)
    run.save_state({})
    run.log(val_loss=2)  # validated, then killed before the next state: it is validated again
    again = Run(tmp_path, {}, resume=True)
    again.load_state()
    again.log(val_loss=2)
    lines = [json.loads(line) for line in again.history.read_text().splitlines()]
    assert [line.get("val_loss") for line in lines] == [None, 2]
