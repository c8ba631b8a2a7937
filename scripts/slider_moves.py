"""Move the latent sliders of a running app 50 times in Chromium; write what it took."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.bench.sliders import MOVES, drive, summarise


def main() -> None:
    """Drive the browser and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8501/latent_space")
    parser.add_argument("--moves", type=int, default=MOVES)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/sliders.json"))
    parser.add_argument("--browser", help="path of Chromium; the one on PATH by default")
    parser.add_argument("--note", default="", help="what to say of the circumstances")
    given = parser.parse_args()
    found = drive(given.url, given.moves, browser=given.browser)
    lines = [m.to_dict() for m in summarise(found)]
    rest = {k: v for k, v in found.items() if k != "times"} | {"note": given.note}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"figures": lines, **rest}, indent=2) + "\n")
    for line in lines:
        goal = f"{line['goal']} × {line['baseline']:.3g}"
        print(f"{line['name']}: {line['value']:.3g} {line['unit']} (goal {goal})")
    print(rest)


if __name__ == "__main__":
    main()
