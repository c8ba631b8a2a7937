"""Write docs/compute-plan.md from the cards and logs beside the checkpoints: `make docs`.

What each shipped model cost, at which rate, and how its held-out figures moved with the images
seen: the table that says what more of either would buy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "compute-plan.md"
ENOUGH = 8  # logged points from which a curve is continued
OUTLOOK = """`held_out_loss` follows a power law of the images seen; this continues the fit.
It is a guess that holds while the data do not run out: the sets are of 3,600 to 5,300 images.
"""
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


def logged(folder: Path, name: str) -> list[tuple[int, float]]:
    """A figure against images seen, from the training log."""
    path = folder / "history.jsonl"
    lines = [json.loads(x) for x in path.read_text().splitlines()] if path.exists() else []
    return [(x["images_seen"], float(x[name])) for x in lines if name in x]


def curve(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Watched figures against images seen, at most six points each."""
    found = {}
    for name in WATCHED:
        points = logged(folder, name)
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


def outlook(found: list[dict[str, Any]]) -> str:
    """What longer training of the diffusion models would buy, as far as their logs tell."""
    lines = ["", "## What more would buy", "", OUTLOOK]
    lines += [
        "| model | images seen | held-out loss | fitted end | at 4 x | at 16 x | time of 16 x |"
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for one in found:
        points = logged(one["folder"], "held_out_loss")
        if len(points) < ENOUGH or one["earlier"]:
            continue  # a later leg starts low on its curve
        end, scale, power = power_law(points)
        far = [end + scale * (k * points[-1][0]) ** -power for k in (4, 16)]
        hours = 16 * points[-1][0] / one["rate"] / 3600
        lines.append(
            f"| {one['id']} | {points[-1][0]:,} | {points[-1][1]:.3f} | {end:.3f} | {far[0]:.3f} | "
            f"{far[1]:.3f} | {hours:.2g} h on {one['hardware']} |"
        )
    return "\n".join(lines) + "\n"


def power_law(points: list[tuple[int, float]]) -> tuple[float, float, float]:
    """Least squares of loss = end + scale × images^-power, all positive."""
    from scipy.optimize import curve_fit

    images, losses = np.array(points, dtype=float).T
    unit = images[0]

    def law(x: np.ndarray, end: float, scale: float, power: float) -> np.ndarray:
        return end + scale * x**-power

    start = (0.9 * losses.min(), losses[0] - 0.9 * losses.min(), 1.0)
    (end, scale, power), _ = curve_fit(law, images / unit, losses, start, bounds=(0, np.inf))
    return float(end), float(scale * unit**power), float(power)


def main() -> None:
    """Write the document."""
    found = rows(ROOT)
    OUT.write_text(HEAD + table(found) + "\n" + curves(found) + outlook(found), encoding="utf-8")


if __name__ == "__main__":
    main()
