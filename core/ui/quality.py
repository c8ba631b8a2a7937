"""Figures of a model's `metrics.json`, made readable; nothing is shown that no file states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.cards import Card, read_metrics
from core.registry import Registry
from core.ui.text import centre, measured

# key in metrics.json -> name for people and what it means
NAMES: dict[str, tuple[str, str]] = {
    "fid_ratio": ("FID ratio", "Real-vs-real over real-vs-synthetic Fréchet distance; 1 is best."),
    "kid": ("KID", "Kernel distance to real images (± sd over sampling seeds); 0 is best."),
    "fid": ("Fréchet distance", "Distance of feature distributions; depends on n and extractor."),
    "precision": ("Precision", "Share of synthetic images within the real manifold."),
    "recall": ("Recall", "Share of the real manifold that synthetic images reach."),
    "density": ("Density", "How tightly synthetic images sit among real ones; about 1 is best."),
    "coverage": ("Coverage", "Share of real images with a synthetic one close by; 1 is best."),
    "copy_rate": (
        "Copy rate",
        "Share of images closer to a training image than 99 % of held-out real images are.",
    ),
    "copy_rate_real": (
        "Copy rate, held-out real",
        "The same rate for real images never seen in training: what is to be expected.",
    ),
    "ratio_lbp": (
        "Texture ratio",
        "The FID ratio on local binary patterns; 1 is best.",
    ),
    "ratio_spectrum": ("Spectrum ratio", "The FID ratio on the radial power spectrum; 1 is best."),
    "ratio_lbp_tolerant": (
        "Visible texture ratio",
        "The texture ratio, differences of up to 3 grey levels ignored; 1 is best.",
    ),
    "ratio_glcm": (
        "Co-occurrence ratio",
        "The FID ratio on grey-level co-occurrence, which no model was trained towards; 1 is best.",
    ),
    "ms_ssim": ("MS-SSIM within class", "Likeness of pairs of one class; near real's is best."),
    "cas": ("Classification accuracy score", "Trained on synthetic, tested on real."),
    "balanced_accuracy": ("Balanced accuracy", "Mean recall over classes."),
    "accuracy": ("Accuracy", "Share of images labelled right."),
    "auc": ("AUC", "Area under the ROC curve."),
    "macro_auc": ("Macro AUC", "Mean one-vs-rest area under the ROC curve."),
    "ece": ("ECE", "Expected calibration error; 0 is best."),
    "average_precision": ("Average precision", "Area under the precision-recall curve."),
    "tpr_at_5_fpr": ("TPR at 5 % FPR", "Synthetic images found at 5 % false alarms."),
}
TEXTURE = ("lbp", "lbp_tolerant", "spectrum", "glcm")
LEADING = ("fid_ratio", "kid", "coverage", "recall")
SKIPPED = ("n", "seed", "seeds", "definitions", "model_files", "class_counts", "k", "quantile")


@dataclass(frozen=True)
class Row:
    """One figure: where in the file it stands, the value with its uncertainty, and its n."""

    path: str
    value: str
    n: int | None


def spell(key: str) -> str:
    """A metric's name for people."""
    return NAMES[key][0] if key in NAMES else key.replace("_", " ")


def rows(metrics: dict[str, Any], above: tuple[str, ...] = (), n: int | None = None) -> list[Row]:
    """Every figure of a metrics file, depth first; curves and matrices are left to figures."""
    own = metrics.get("n", n)
    n = own if isinstance(own, int) else n
    found = []
    for key, value in metrics.items():
        if key in SKIPPED or (key.removesuffix("_sd") in metrics and key.endswith("_sd")):
            continue
        if (text := measured(with_spread(metrics, key))) is not None:
            inner = value.get("n", n) if isinstance(value, dict) else n
            found.append(Row(" · ".join(spell(k) for k in (*above, key)), text, inner))
        elif isinstance(value, dict):
            found += rows(value, (*above, key), n)
    return found


def with_spread(block: dict[str, Any], key: str) -> Any:
    """A figure with the standard deviation that stands beside it as `<key>_sd`."""
    value, spread = block.get(key), block.get(f"{key}_sd")
    if spread is None or not isinstance(value, (int, float)):
        return value
    return {"value": value, "sd": spread}


def find(metrics: dict[str, Any], key: str) -> Any | None:
    """The shallowest value with this key that holds a figure (breadth first)."""
    level = [metrics]
    while level:
        for block in level:
            if centre(block.get(key)) is not None:
                return with_spread(block, key)
        level = [v for block in level for v in block.values() if isinstance(v, dict)]
    return None


def lead(registry: Registry, card: Card, keys: tuple[str, ...] = LEADING) -> dict[str, str]:
    """The leading figures that this model's metrics file holds: display name -> text."""
    metrics = read_metrics(registry.folder(card.id))
    # test figures where there are any: those of validation were chosen on
    found = {spell(key): find(metrics.get("test", metrics), key) for key in keys}
    copies = metrics.get("copies", {}).get("feature", {})
    if card.task == "generator":
        for space in TEXTURE:
            found[spell(f"ratio_{space}")] = metrics.get("ratios", {}).get(space)
        found["Copy rate"] = copies.get("synthetic")
        found["Copy rate, held-out real"] = copies.get("held_out")
    return {name: measured(v) or "" for name, v in found.items() if v is not None}


def explain(name: str) -> str | None:
    """What a displayed metric means."""
    return next((text for shown, text in NAMES.values() if shown == name), None)
