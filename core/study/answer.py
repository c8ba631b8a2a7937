"""The study's results in words: what was found, how sure it is, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.study.grid import CLASSIC, DUPLICATE, ONLY, REAL, arm

SIGNIFICANT = 0.05
FIGURES = {
    "balanced_accuracy": "balanced accuracy",
    "auc": "macro AUC",
    "accuracy": "accuracy",
    "minority_recall": "recall of the rarest class",
}
MODELS = {"cnn": "small CNN", "resnet": "ResNet", "vit": "vision transformer"}


def arm_words(name: str) -> str:
    """An arm's name in words: "diffusion images 1 : 1"."""
    if name in (REAL, CLASSIC):
        return {REAL: "real images as they are", CLASSIC: "real images, augmented"}[name]
    what = arm(name)
    if name.endswith(ONLY):
        return f"{source_words(what.source)} images only"
    if what.source == DUPLICATE:
        return f"copies of real images {what.ratio:g} : 1"
    rest = "" if what.filtered else ", unfiltered"
    return f"{source_words(what.source)} images {what.ratio:g} : 1{rest}"


def source_words(source: str) -> str:
    """A pack's name as people write it."""
    return {"gan": "GAN"}.get(source, source)


def against_words(name: str, against: str) -> str:
    """What an arm is compared with, in words."""
    if against.startswith(DUPLICATE) and arm(name).control == against:
        return "the count-matched control (copies of real images)"
    return {
        CLASSIC: "the same real images with classic augmentation alone",
        REAL: "the same real images as they are",
    }.get(against, arm_words(against))


def share_words(share: float) -> str:
    """A regime: "5 % of the data"."""
    return "all of the data" if share >= 1 else f"{share * 100:g} % of the data"


def entry(results: dict[str, Any], model: str, share: float, name: str) -> dict[str, Any] | None:
    """The levels of one arm, or None where it was not run."""
    wanted = {"model": model, "share": share, "arm": name}
    return next((a for a in results["arms"] if wanted.items() <= a.items()), None)


def effects(results: dict[str, Any], **wanted: Any) -> Iterator[dict[str, Any]]:
    """The comparisons that fit: model, share, arm, against, set."""
    return (e for e in results["effects"] if wanted.items() <= e.items())


def settled(found: dict[str, Any]) -> bool:
    """Whether a difference leaves out zero and, where it was corrected, stays significant."""
    low, high = found["ci"]
    return bool(low * high > 0 and found.get("holm", 0.0) < SIGNIFICANT)


def answer(
    results: dict[str, Any], model: str, share: float, name: str, against: str, where: str,
    figure: str = "balanced_accuracy",
) -> str:  # fmt: skip
    """The plain answer for one regime, then for the others.

    Args:
        results: the study's results.
        model, share, name, against, where: which comparison.
        figure: a key of `FIGURES`.
    """
    wanted = {"model": model, "arm": name, "against": against, "set": where}
    found = {e["share"]: e[figure] for e in effects(results, **wanted)}
    if share not in found:
        return f"This comparison was not run at {share_words(share)}."
    rival, own = against_words(name, against), found[share]
    text = f"At {share_words(share)}, {_verb(own, name, figure)} over {rival} {_limits(own)}"
    rest = [f"at {share_words(s)} {_short(e)}" for s, e in sorted(found.items()) if s != share]
    return text + ("; " + "; ".join(rest) if rest else "") + "."


def _verb(found: dict[str, Any], name: str, figure: str) -> str:
    what = arm(name)
    doing = f"adding {arm_words(name)}" if what.keep_real and what.ratio else arm_words(name)
    points, label = f"{abs(found['value']) * 100:.1f} points", FIGURES[figure]
    low, high = found["ci"]
    if low * high <= 0:
        return f"we see no clear difference in {label} from {doing}"
    verb = "raises" if found["value"] > 0 else "lowers"
    verb = verb if doing.startswith("adding") else verb.rstrip("s")
    if settled(found):
        return f"{doing} {verb} {label} by {points}"
    return f"{doing} may {verb.rstrip('s')} {label} by {points}"


def _limits(found: dict[str, Any]) -> str:
    low, high = (v * 100 for v in found["ci"])
    text = f"({found['value'] * 100:+.1f}, 95 % CI {low:+.1f} to {high:+.1f}"
    if "holm" in found:
        text += f"; corrected p {_p(found['holm'])} over {found['family']} comparisons"
    return text + ")"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"= {value:.3f}".replace("0.", ".")


def _short(found: dict[str, Any]) -> str:
    low, high = (v * 100 for v in found["ci"])
    if not settled(found):
        return f"we see no clear difference ({low:+.1f} to {high:+.1f})"
    verb = "a gain" if found["value"] > 0 else "a loss"
    return f"{verb} of {abs(found['value']) * 100:.1f} points ({low:+.1f} to {high:+.1f})"


def footing(results: dict[str, Any], model: str, share: float, name: str, where: str) -> list[str]:
    """What the answer rests on, and what weakens it, in whole sentences."""
    own, cells = entry(results, model, share, name), results["cells"]
    lines = []
    if own:
        lines.append(
            f"{_first_upper(MODELS.get(model, model))}, {len(own['seeds'])} seeds, "
            f"{results['test_images'][where]:,} test images, {sum(own['images']):,} training "
            f"images{_side(results)}; intervals over images and seeds "
            f"({results['resamples']:,} resamples); "
            "Holm's correction over all synthetic arms of this model."
        )
    pack = results["packs"].get(arm(name).source)
    if pack:
        lines.append(
            f"{pack['model']} drew the images. It had learned from the whole training split: at "
            "smaller shares, synthetic images also carry what it saw of the other real images."
        )
        if not pack["gate"] and arm(name).filtered:
            lines.append("The quality gate was not run on these images: filtered means nothing.")
    lines += _leaks(results, arm(name).source)
    if cells["done"] < cells["planned"]:
        gap = cells["planned"] - cells["done"]
        short = len(cells.get("missing", []))
        why = f", {short} of them for want of images in their pack" if short else ""
        lines.append(f"{gap} of {cells['planned']} planned trainings are missing{why}.")
    return lines


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _side(results: dict[str, Any]) -> str:
    side = results["settings"].get("side")
    return f" at {side} px" if side else ""


def _leaks(results: dict[str, Any], source: str) -> list[str]:
    found = results["leaks"].get(source)
    if not found:
        return []
    lines = [f"{model} {why}." for model, why in found["other_split"].items()]
    if found["copies"]["official"]:
        lines.append(
            f"{found['copies']['official']} official test images have an exact copy in training, "
            "and so with every generator; the de-duplicated test set has none."
        )
    return lines
