"""What the app withstands: `python scripts/robustness.py [--run [GROUP …]] [--from FILE]`.

With `--run` the tests that count are run, all or those of some groups, and their numbers written to
benchmarks/robustness.json; the README's table is then made from that file and from
benchmarks/load.json (`make load`). `--from` counts the same in the JUnit file of a run of the whole
suite (`pytest --junitxml=FILE`), where a group was not skipped in it. With `--check` nothing is
written; exit code 1 says that the README is out of date.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree  # nosec B405: a file that our own pytest has just written
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COUNTS, LOAD = ROOT / "benchmarks" / "robustness.json", ROOT / "benchmarks" / "load.json"
START, END = "<!-- robustness -->", "<!-- /robustness -->"
GROUPS = {
    "uploads": ("Upload corpus and 2,000 mutated files", ["tests/test_upload_corpus.py",
                                                          "tests/test_upload_fuzz.py"]),
    "faults": ("Faults: kill -9 in training, evaluation and study; full disk, read-only, damaged "
               "checkpoints, short memory", ["tests/faults", "tests/test_memory.py"]),
    "processes": ("Training on two processes under accelerate",
                  ["tests/training/test_parallel.py"]),
    "replicas": ("Two replicas behind Ray Serve, one killed under load", ["tests/serving"]),
    "security": ("Closed settings, no network, error numbers, log-in", ["tests/security"]),
    "browser": ("Main paths in a browser, keyboard alone, accessibility; queue, cancel, leave",
                ["tests/e2e/test_short.py", "tests/e2e/test_visitor.py"]),
}  # fmt: skip


def main() -> int:
    """Run, write or check; the exit code is 3 where a test failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--run", nargs="*", choices=list(GROUPS), metavar="GROUP")
    parser.add_argument("--from", dest="report", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    counts = read(COUNTS)
    if given.run is not None:
        for name in given.run or GROUPS:
            counts[name] = run(GROUPS[name][1])
            COUNTS.parent.mkdir(exist_ok=True)
            COUNTS.write_text(json.dumps(counts, indent=2) + "\n")
    if given.report is not None:
        whole = {name: count(given.report, paths) for name, (_, paths) in GROUPS.items()}
        counts |= {k: v for k, v in whole.items() if v["passed"] + v["failed"]}
        COUNTS.write_text(json.dumps(counts, indent=2) + "\n")
    readme = ROOT / "README.md"
    text = readme.read_text()
    wanted = re.sub(f"{START}.*{END}", lambda _: f"{START}\n{table()}\n{END}", text, flags=re.S)
    if given.check:
        return int(wanted != text)
    readme.write_text(wanted)
    return 3 if any(found["failed"] for found in counts.values()) else 0


def run(paths: list[str]) -> dict[str, int]:
    """Tests passed, failed and skipped."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *paths]
        subprocess.run(command, cwd=ROOT, check=False)
        return count(report)


def count(report: Path, paths: list[str] | None = None) -> dict[str, int]:
    """Tests of a JUnit file that passed, failed and were skipped; of some files and folders only.

    Args:
        report: written by pytest.
        paths: as given to pytest; None for all.
    """
    found = {"passed": 0, "failed": 0, "skipped": 0}
    places = [path.removesuffix(".py").replace("/", ".") for path in paths or []]
    for case in tree.parse(report).getroot().iter("testcase"):  # nosec B314
        place = case.get("classname", "")
        if paths is not None and not any(f"{place}.".startswith(f"{own}.") for own in places):
            continue
        tags = {child.tag for child in case}
        bad = tags & {"failure", "error"}
        found["failed" if bad else "skipped" if "skipped" in tags else "passed"] += 1
    return found


def table() -> str:
    """Markdown; a row for each group that was run and each figure that was measured."""
    rows = ["| What | Result | Command |", "|---|---|---|"]
    counts = read(COUNTS)
    for name, (what, paths) in GROUPS.items():
        found = counts.get(name)
        if found and found["passed"] + found["failed"]:  # not where all were skipped
            told = f"{found['passed']} passed, {found['failed']} failed"
            told += f", {found['skipped']} skipped" if found["skipped"] else ""
            rows.append(f"| {what} | {told} | `python -m pytest {' '.join(paths)}` |")
    if found := read(LOAD):
        rows += [f"| {what} | {told} | `make load` |" for what, told in load(found)]
    return "\n".join(rows)


def load(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows of the load test."""
    many, one = found["actions"], found["one_visitor"]
    rows = [
        (
            f"{found['visitors']} visitors for {found['seconds']} s over every page",
            f"{len(found['errors'])} errors; {found['compared']} results compared, "
            f"{found['not_their_own']} not the visitor's own; longest queue seen: "
            f"{found['most_ahead_in_queue']} ahead; {found['cancelled']} cancelled, "
            f"{found['left_amid_work']} left amid work",
        ),
        (
            "Memory of the process",
            f"{found['memory_one_visitor_mb']} MB after one visitor, {found['memory_end_mb']} MB "
            f"at the end: {found['memory_ratio']} ×",
        ),
        (
            "Cold start to the first whole page",
            f"{found['cold_start_s']} s (load of the machine: {found['machine']['load_before']})",
        ),
    ]
    names = {"switch": "Page switch", "light": "Slider", "heavy": "Drawing or explaining"}
    for kind, name in names.items():
        if many.get(kind, {}).get("n") and one.get(kind, {}).get("n"):
            told = (
                f"median {one[kind]['median_s']} s alone; median {many[kind]['median_s']} s, "
                f"95 % within {many[kind]['p95_s']} s with all"
            )
            rows.append((name, told))
    return rows


def read(path: Path) -> dict[str, Any]:
    """A JSON file, or nothing where it is missing."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


if __name__ == "__main__":
    raise SystemExit(main())
