"""Write docs/compute-plan.md from the cards and logs beside the checkpoints: `make docs`.

What each shipped model cost, at which rate, and how its held-out figures moved with the images
seen: the table that says what more of either would buy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "compute-plan.md"
WATCHED = ("kid", "held_out_loss", "psnr")
HEAD = """# What training costs

Written by `python scripts/compute_plan.py` from the card and the log beside every checkpoint.
Order of value: the autoencoder, whose latents all others live in; latent diffusion per domain;
the style-based GAN; WGAN-GP and DCGAN. `scripts/train_all.sh` trains them beside each other on
one GPU, so a rate there is a share of the device.

"""


def rows(root: Path) -> list[dict[str, Any]]:
    """One entry per trained checkpoint: images, seconds, rate, hardware."""
    found = []
    for path in sorted((root / "checkpoints").glob("*/*/card.json")):
        card = json.loads(path.read_text())
        done = card.get("training", {})
        seconds, images = done.get("seconds", 0), done.get("images_seen", 0)
        if not seconds or not images or card["task"] == "critic":
            continue
        hardware = str(done.get("hardware", "")).split(",")[0]
        rate = images / seconds
        found.append(
            {"id": card["id"], "parameters": card.get("parameters", 0), "images": images,
             "seconds": seconds, "rate": rate, "hardware": hardware, "folder": path.parent,
             "earlier": earlier(done)}
        )  # fmt: skip
    return found


def earlier(training: dict[str, Any]) -> int:
    """Images that the weights had seen before this leg of their training."""
    start = training.get("started_from")
    return int(start.get("images_seen", 0)) + earlier(start) if start else 0


def curve(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Watched figures against images seen, at most six points each, from the training log."""
    path = folder / "history.jsonl"
    lines = [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []
    found = {}
    for name in WATCHED:
        points = [(x["images_seen"], float(x[name])) for x in lines if name in x]
        stride = max(1, len(points) // 5)
        if len(points) > 1:
            found[name] = [*points[:-1][::stride][:5], points[-1]]
    return found


def table(found: list[dict[str, Any]]) -> str:
    """The costs as a Markdown table, with the hours that a million images take."""
    lines = [
        "| model | weights | images seen | time | images/s | hours per million images | hardware |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        before = f" (after {one['earlier']:,} in earlier legs)" if one["earlier"] else ""
        lines.append(
            f"| {one['id']} | {one['parameters'] / 1e6:.1f} M | {one['images']:,}{before} | "
            f"{one['seconds'] / 60:.1f} min | {one['rate']:,.0f} | "
            f"{1e6 / one['rate'] / 3600:.2g} | {one['hardware']} |"
        )
    return "\n".join(lines)


def curves(found: list[dict[str, Any]]) -> str:
    """Figures against images seen, one line a figure."""
    lines = ["", "## Figures against images seen", ""]
    for one in found:
        for name, points in curve(one["folder"]).items():
            path = ", ".join(f"{images:,}: {value:.3g}" for images, value in points)
            lines.append(f"- {one['id']}, {name}: {path}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the document."""
    found = rows(ROOT)
    OUT.write_text(HEAD + table(found) + "\n" + curves(found), encoding="utf-8")


if __name__ == "__main__":
    main()
