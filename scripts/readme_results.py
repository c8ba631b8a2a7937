"""Write the README's table of results from the metrics files: `python scripts/readme_results.py`.

With `--check` nothing is written; exit code 1 says that the README is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from core.study.answer import MODELS, against_words, arm_words, settled, share_words  # noqa: E402
from core.study.grid import arm  # noqa: E402

START, END = "<!-- results -->", "<!-- /results -->"
DATA = "--data ../shared/data"


def main() -> int:
    """Write or check the README's block."""
    readme = ROOT / "README.md"
    text = readme.read_text()
    block = f"{START}\n{content()}\n{END}"
    wanted = re.sub(f"{START}.*{END}", lambda _: block, text, flags=re.DOTALL)
    if "--check" in sys.argv:
        return int(wanted != text)
    readme.write_text(wanted)
    return 0


def content() -> str:
    """All tables."""
    checkpoints = ROOT / "checkpoints"
    return table(checkpoints) + study(checkpoints) + speed(ROOT / "benchmarks" / "results.json")


def study(checkpoints: Path) -> str:
    """Markdown table of what synthetic training images add, over the count-matched control."""
    rows = [
        "| Does synthetic data help? | Difference in balanced accuracy, in points, "
        "by share of the real images; bold where it stands after Holm's correction | Command |",
        "|---|---|---|",
    ]
    for path in sorted(checkpoints.glob("*/study/results.json")):
        results = json.loads(path.read_text())
        own = [e for e in results["effects"] if e["set"] == "official" and compared(e)]
        domain, side = results["domain"], results.get("settings", {}).get("side")
        file = f"study-{side}" if side else "study"
        options = f"--domain {domain} --config configs/{domain}/{file}.toml"
        for model, name in dict.fromkeys((e["model"], e["arm"]) for e in own):
            told = "; ".join(
                f"{share_words(e['share'])}: {points(e['balanced_accuracy'])}"
                for e in own if (e["model"], e["arm"]) == (model, name)
            )  # fmt: skip
            rival = against_words(name, arm(name).control)
            most = max(e["seeds"] for e in own if (e["model"], e["arm"]) == (model, name))
            who = f"{results['domain']}, {MODELS[model]} (seeds: {most})"
            rows.append(
                f"| {who}: {arm_words(name)}, over {rival} | {told} | "
                f"`python -m core study augmentation {options} {DATA}`, then `study results` |"
            )
        rows += architectures(results, f"`python -m core study augmentation {options} {DATA}`")
    return "\n\n" + "\n".join(rows) if len(rows) > 2 else ""


def architectures(results: dict[str, Any], command: str) -> list[str]:
    """How far other architectures stand from the leading one, on real images alone."""
    own = [e for e in results.get("architectures", []) if e["set"] == "official"]
    rows = []
    for model in dict.fromkeys(e["model"] for e in own):
        told = "; ".join(
            f"{share_words(e['share'])}: {points(e['balanced_accuracy'])}"
            for e in own if e["model"] == model
        )  # fmt: skip
        rival = next(MODELS[e["against"]] for e in own if e["model"] == model)
        seeds = max(e["seeds"] for e in own if e["model"] == model)
        rows.append(
            f"| {results['domain']}: {MODELS[model]} against {rival}, real images alone "
            f"(uncorrected; seeds: {seeds}) | {told} | {command}, then `study results` |"
        )
    return rows


def compared(effect: dict[str, Any]) -> bool:
    """Whether it sets an arm of synthetic images against its control."""
    what = arm(effect["arm"])
    return bool(what.synthetic and effect["against"] == what.control)


def points(figure: dict[str, Any]) -> str:
    """A difference in points with its interval, and whether it stays after Holm's correction."""
    low, high = (100 * v for v in figure["ci"])
    text = f"{100 * figure['value']:+.1f} ({low:+.1f} to {high:+.1f})"
    return f"**{text}**" if settled(figure) else text


def table(checkpoints: Path) -> str:
    """Markdown table, one row per evaluated checkpoint, with the command of each."""
    rows = ["| Checkpoint | Measured | Command |", "|---|---|---|"]
    for path in sorted(checkpoints.glob("*/*/metrics.json")):
        card = json.loads((path.parent / "card.json").read_text())
        metrics = json.loads(path.read_text())
        told = DESCRIBE.get(card["task"], lambda _: "")(metrics)
        if told:
            n = f" --n {metrics['n']}" if "generator" in card["task"] else ""
            command = f"`python -m core evaluate {card['task']} {target(card)} {DATA}{n}`"
            rows.append(f"| `{card['id']}` | {told} | {command} |")
        rows += all_seeds(card, path.parent) + left_out(card, path.parent)
    return "\n".join(rows)


def all_seeds(card: dict[str, Any], folder: Path) -> list[str]:
    """The spread over training seeds of a classifier, where it was trained with several."""
    path = folder / "seeds.json"
    found = json.loads(path.read_text()) if path.exists() else {"runs": []}
    if len(found["runs"]) < 2:
        return []
    names = {"official": "official test", "clean": "de-duplicated part"}
    told = "; ".join(
        f"{names[part]}: AUC {spread(own['auc'])}, balanced accuracy "
        f"{spread(own['balanced_accuracy'])}, ECE {spread(own['ece'])}"
        for part, own in found["test"].items()
    )
    command = f"python -m core train classifier --domain {card['domain']} --config FILE {DATA}"
    return [
        f"| `{card['id']}`, all {len(found['runs'])} seeds (mean ± sd) | {told} | "
        f"`{command.replace('FILE', card['training']['config']['file'])}` |"
    ]


def spread(figure: dict[str, float]) -> str:
    """Mean and standard deviation."""
    return f"{figure['mean']:.3f} ± {figure['sd']:.3f}"


def left_out(card: dict[str, Any], folder: Path) -> list[str]:
    """What a detector's training never held: generators, and degradations."""
    rows = []
    config = f"--domain {card['domain']} --config configs/{card['domain']}/detector.toml {DATA}"
    if (path := folder / "leave_one_out.json").exists():
        alone = json.loads(path.read_text())["summary"]
        told = ", ".join(f"{k.split('/')[-1]} {v:.3f}" for k, v in alone["families"].items())
        hard = alone["without_decoder"]
        rows.append(
            f"| `{card['id']}`, generators never trained on | balanced accuracy {told}: mean "
            f"{alone['mean']:.3f}, least {alone['least']:.3f}; without any image of the shared "
            f"decoder: mean {hard['mean']:.3f}, least {hard['least']:.3f} | "
            f"`python -m core leave-one-out {config}` |"
        )
    if (path := folder / "unseen_degradation.json").exists():
        parts = []
        for kind, found in json.loads(path.read_text())["kinds"].items():
            worst = min(found["curve"][1:], key=lambda p: p["balanced_accuracy"]["value"])
            first = found["curve"][0]["balanced_accuracy"]["value"]
            parts.append(
                f"{kind}: {first:.3f} as given, {interval(worst['balanced_accuracy'])} at "
                f"{worst['amount']:g} with {worst['unsure']:.0%} unsure"
            )
        rows.append(
            f"| `{card['id']}`, degradations never trained on | balanced accuracy, "
            f"{'; '.join(parts)} | `python -m core unseen-degradation {config}` |"
        )
    return rows


def speed(results: Path) -> str:
    """Markdown table of benchmark ratios; empty where none were run."""
    if not results.exists():
        return ""
    rows = [
        "| Benchmark (`make bench`) | Value | Times what it is compared with |",
        "|---|---|---|",
    ]
    for entry in json.loads(results.read_text()):
        value = f"{entry['value']:.3g} {entry['unit']}"
        goal = f"; goal {entry['goal']}" if entry.get("goal") else ""
        against = "–" + goal
        if entry["ratio"] is not None:
            against = f"{entry['ratio']:.3g} × {entry.get('compared_with', 'baseline')}{goal}"
        rows.append(f"| {entry['name']} (n = {entry['n']}) | {value} | {against} |")
    return "\n\n" + "\n".join(rows)


def target(card: dict[str, Any]) -> str:
    """The options that name a card's model."""
    domain = card["domain"] if card["domain"] != "shared" else "chest_xray"
    return f"--domain {domain} --model {card['id']}"


def interval(figure: dict[str, Any], digits: int = 3) -> str:
    """A figure or a share with its 95 % interval."""
    low, high = figure["ci"]
    value = figure["value"] if "value" in figure else figure["rate"]
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def classifier(metrics: dict[str, Any]) -> str:
    """Official test, then the de-duplicated part."""
    parts = []
    for key, name in (("official", "official test"), ("clean", "de-duplicated part")):
        if m := metrics.get("test", {}).get(key):
            parts.append(
                f"{name} (n = {m['n']}): AUC {interval(m['auc'])}, balanced accuracy "
                f"{interval(m['balanced_accuracy'])}, accuracy {interval(m['accuracy'])}, "
                f"ECE {interval(m['ece'])}"
            )
    return "<br>".join(parts)


def generator(m: dict[str, Any]) -> str:
    """Fidelity, diversity, texture and copies."""
    if "fid_ratio" not in m:
        return ""
    texture = ", ".join(
        f"{name} {value['mean']:.3f}" for name, value in sorted(m["ratios"].items())
    )
    return (
        f"FID ratio {m['fid_ratio']:.3f} ± {m['fid_ratio_sd']:.3f} (1 is the real-vs-real floor), "
        f"KID {m['kid']:.4f} ± {m['kid_sd']:.4f}, precision {m['precision']:.2f}, "
        f"recall {m['recall']:.2f}, density {m['density']:.2f}, coverage {m['coverage']:.2f}; "
        f"ratios by feature: {texture}; n = {m['n']} × {len(m['seeds'])} seeds"
    )


def text_generator(m: dict[str, Any]) -> str:
    """Does the image follow the text; then the figures of a generator by class."""
    agreed = ", ".join(
        f"{name} {interval(found['agreement'])}{_beside_real(found)}" if found["agreement"]
        else f"{name} (no classifier knows it), read right {interval(found['read'])}"
        for name, found in m["agreement"].items()
    )  # fmt: skip
    return (
        f"condition in the image as in the text: {agreed}; negated, hedged and resolved sentences "
        f"{interval(m['negation']['all'])}; wording changes an image by "
        f"{interval(m['paraphrase']['sensitivity'], 2)} of what the seed does; {generator(m)}"
    )


def _beside_real(found: dict[str, Any]) -> str:
    """The judge's share right on real images of the condition, where it was measured."""
    return f" (real images {found['real']['rate']:.2f})" if found.get("real") else ""


def detector(metrics: dict[str, Any]) -> str:
    """Files as given, and all re-encoded alike; then generators."""
    parts = []
    for key, name in (("as_given", "files as given"), ("re_encoded", "all re-encoded alike")):
        if m := metrics.get("test", {}).get(key):
            named = ("balanced_accuracy", "auc", "tpr_at_5_fpr", "ece")
            told = ", ".join(f"{k.replace('_', ' ')} {interval(m[k])}" for k in named)
            parts.append(f"{name} (n = {m['n']}): {told}")
    return "<br>".join(parts)


def autoencoder(metrics: dict[str, Any]) -> str:
    """Reconstructions of held-out images: the ceiling of every model in its latents."""
    parts = []
    for domain, m in metrics.get("domains", {}).items():
        told = ", ".join(f"{name} {value:.3f}" for name, value in sorted(m["ratios"].items()))
        parts.append(
            f"{domain} (n = {m['n']}): PSNR {m['psnr']:.1f} dB, SSIM {m['ssim']:.3f}; ratios of "
            f"reconstructions: {told}"
        )
    return "<br>".join(parts)


def translator(metrics: dict[str, Any]) -> str:
    """MRI to CT inside the head, beside the outline of the head filled with grey."""
    parts = []
    named = (("mri_to_ct", "MRI to CT"), ("baseline_drawn_head", "a drawn head, for comparison"))
    for key, name in named:
        m = metrics[key]
        parts.append(
            f"{name}: MAE {interval(m['mae'], 1)} grey levels, {interval(m['mae_hu'], 1)} HU in "
            f"the brain window, SSIM {interval(m['ssim'])}"
        )
    return f"{'; '.join(parts)}; {metrics['mri_to_ct']['mae']['n']} cases, {metrics['n']} slices"


DESCRIBE = {
    "autoencoder": autoencoder,
    "classifier": classifier,
    "generator": generator,
    "text-generator": text_generator,
    "detector": detector,
    "translator": translator,
}

if __name__ == "__main__":
    sys.exit(main())
