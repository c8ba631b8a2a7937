"""The README's table of what the app withstands."""

import json

import pytest

from scripts import load, robustness

LOAD = {
    "visitors": 20, "cold_start_s": 4.2, "seconds": 301, "errors": [], "compared": 60,
    "not_their_own": 0, "most_ahead_in_queue": 7, "cancelled": 4, "left_amid_work": 3,
    "memory_one_visitor_mb": 700, "memory_end_mb": 770, "memory_ratio": 1.1,
    "machine": {"load_before": 0.2},
    "actions": {"light": load.times([0.1] * 19 + [0.9])},
    "one_visitor": {"light": load.times([0.1])},
}  # fmt: skip


def test_rows_come_from_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(robustness, "COUNTS", tmp_path / "counts.json")
    monkeypatch.setattr(robustness, "LOAD", tmp_path / "load.json")
    assert robustness.table().count("\n") == 1  # the heading alone
    counts = {"faults": {"passed": 31, "failed": 0, "skipped": 1}}
    robustness.COUNTS.write_text(json.dumps(counts))
    robustness.LOAD.write_text(json.dumps(LOAD))
    text = robustness.table()
    assert "31 passed, 0 failed" in text and "20 visitors for 301 s" in text
    assert "1.1 ×" in text and "4.2 s" in text and "Slider" in text and "Page switch" not in text


def test_the_readme_shows_what_the_files_say(monkeypatch):
    monkeypatch.setattr("sys.argv", ["robustness.py", "--check"])
    assert robustness.main() == 0


def test_some_groups_can_be_run_again(tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text(f"a\n{robustness.START}\nold\n{robustness.END}\nb\n")
    monkeypatch.setattr(robustness, "ROOT", tmp_path)
    monkeypatch.setattr(robustness, "COUNTS", tmp_path / "benchmarks" / "counts.json")
    monkeypatch.setattr(robustness, "LOAD", tmp_path / "load.json")
    results = {"tests/security": {"passed": 5, "failed": 1, "skipped": 0}}
    monkeypatch.setattr(robustness, "run", lambda paths: results[paths[0]])
    monkeypatch.setattr("sys.argv", ["robustness.py", "--run", "security"])
    assert robustness.main() == 3  # one failed
    text = (tmp_path / "README.md").read_text()
    assert "5 passed, 1 failed" in text and "old" not in text and text.endswith("b\n")
    results["tests/security"] = {"passed": 6, "failed": 0, "skipped": 0}
    assert robustness.main() == 0
    monkeypatch.setattr("sys.argv", ["robustness.py", "--check"])
    assert robustness.main() == 0
    robustness.COUNTS.write_text("{}")
    assert robustness.main() == 1


def test_times_are_medians_and_tails():
    found = load.times([1.0, 2.0, 3.0])
    assert found["n"] == 3 and found["median_s"] == 2.0 and found["p95_s"] == pytest.approx(2.9)
    assert load.times([]) == {"n": 0}


def test_tests_are_counted(tmp_path):
    (tmp_path / "test_one.py").write_text("def test_a(): pass\ndef test_b(): assert 0\n")
    assert robustness.run([str(tmp_path / "test_one.py")]) == {
        "passed": 1, "failed": 1, "skipped": 0,
    }  # fmt: skip


def test_groups_are_counted_in_a_report_of_the_whole_suite(tmp_path):
    (tmp_path / "all.xml").write_text(
        '<testsuites><testsuite><testcase classname="tests.faults.test_kill" name="a"/>'
        '<testcase classname="tests.faults.test_kill" name="b"><failure/></testcase>'
        '<testcase classname="tests.test_memory" name="c"><skipped/></testcase>'
        '<testcase classname="tests.test_memory_of" name="d"/></testsuite></testsuites>'
    )
    paths = robustness.GROUPS["faults"][1]
    assert robustness.count(tmp_path / "all.xml", paths) == {
        "passed": 1, "failed": 1, "skipped": 1,
    }  # fmt: skip
    assert robustness.count(tmp_path / "all.xml")["passed"] == 2
