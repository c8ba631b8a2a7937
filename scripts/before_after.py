"""Time the same work in an earlier revision and in this one; writes benchmarks/before_after.json.

    python scripts/before_after.py [--base REVISION] [--rounds 3]

Each task runs in a fresh process of each tree, in turn, with one thread and the same packages. CPU
seconds are compared, so that other work on the machine counts less. A task that the earlier
revision lacks is left out. `docs/performance.md` gets its table from the file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT, PAGE = ROOT / "benchmarks" / "before_after.json", ROOT / "docs" / "performance.md"
BASE = "67ec017^"  # before the first work on speed
START, END = "<!-- before-after -->", "<!-- /before-after -->"
_IMAGE = """
import numpy as np
from core.registry import default_registry
registry = default_registry()
image = np.random.default_rng(0).integers(0, 255, (128, 128, 1), dtype=np.uint8)
"""
TASKS = {
    "Loading the app and its first page": """
import time
start = time.process_time()
from streamlit.testing.v1 import AppTest
assert not AppTest.from_file("app.py", default_timeout=600).run().exception
print(time.process_time() - start)
""",
    "Importing what answers one upload": """
import time
start = time.process_time()
import core.registry, core.services.classification, core.services.generation
print(time.process_time() - start)
""",
    "Three maps of one image with all metrics (chest ResNet)": _IMAGE
    + """
import time
from core.explain.service import explain
explain(registry, "chest_xray/resnet", image, metrics=False)
start = time.process_time()
explain(registry, "chest_xray/resnet", image, metrics=True)
print(time.process_time() - start)
""",
    "Four images by latent diffusion (chest)": _IMAGE
    + """
import time
from core.services.generation import generate
generate(registry, "chest_xray", "chest_xray/latent-diffusion", "NORMAL", 1, 0)
start = time.process_time()
generate(registry, "chest_xray", "chest_xray/latent-diffusion", "NORMAL", 4, 1)
print(time.process_time() - start)
""",
}


def main() -> None:
    """Measure, or only write the page again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--base", default=BASE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="Only write the page's table anew.")
    given = parser.parse_args()
    if not given.table:
        OUT.write_text(json.dumps(measure(given.base, given.rounds), indent=2) + "\n")
    text = PAGE.read_text()
    fresh = f"{START}\n{table()}\n{END}"
    PAGE.write_text(re.sub(f"{START}.*{END}", lambda _: fresh, text, flags=re.S))


def measure(base: str, rounds: int) -> dict[str, object]:
    """Medians of both trees, task by task."""
    revision = _git("rev-parse", "--short", base)
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        _git("worktree", "add", "--detach", str(old), base)
        try:
            rows = {name: _compare(old, code, rounds) for name, code in TASKS.items()}
        finally:
            _git("worktree", "remove", "--force", str(old))
    return {
        "base": revision, "rounds": rounds, "machine": platform.processor() or platform.machine(),
        "tasks": {name: row for name, row in rows.items() if row},
    }  # fmt: skip


def _compare(old: Path, code: str, rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {"before": [], "after": []}
    for _ in range(rounds):
        for name, tree in (("before", old), ("after", ROOT)):
            seconds = _seconds(tree, code)
            if seconds is None:
                return {}
            times[name].append(seconds)
    found = {name: round(statistics.median(values), 3) for name, values in times.items()}
    return found | {"ratio": round(found["after"] / found["before"], 3)}


def _seconds(tree: Path, code: str) -> float | None:
    own = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, env=own, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        print(done.stderr[-500:], file=sys.stderr)
        return None
    return float(done.stdout.split()[-1])


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def table() -> str:
    """Markdown from the file."""
    found = json.loads(OUT.read_text())
    rows = [
        f"Revision {found['base']} against this one; CPU seconds, medians of {found['rounds']}.",
        "",
        "| Work | Before | After | After : before |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, row in found["tasks"].items():
        rows.append(
            f"| {name} | {row['before']:.2f} s | {row['after']:.2f} s | {row['ratio']:.2f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
