"""Evaluate a generator against held-out real images and write `metrics.json` beside it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.cards import Card, read_metrics, write_json
from core.data.dataset import DomainData
from core.errors import DataError
from core.evaluate import classification_score, copy_audit, sampling
from core.evaluate.diversity import intra_class
from core.evaluate.features import describe, find_encoder
from core.evaluate.frechet import frechet, ratio
from core.evaluate.journal import Journal
from core.evaluate.kid import kid
from core.evaluate.prdc import prdc
from core.evaluate.real_sets import MAIN, RealSets
from core.evaluate.texture import DESCRIPTORS, TOLERANCE, touched
from core.registry import Registry

Spaces = dict[str, np.ndarray]
Round = tuple[np.ndarray, Spaces, dict[str, Any]]  # pixels, features by space, figures
NEIGHBOURS = 5
PIECE = 64  # images drawn between two entries of the journal
DEFINITIONS = {
    "fid_ratio": "Fréchet distance of held-out real images to as many training images of the same "
    "classes (the real-vs-real floor), divided by the distance of the same held-out images to as "
    "many synthetic ones; 1 is perfect. `ratios` holds it for every feature space. It measures how "
    "surely two sets can be told apart, not how far apart they look: a space of few dimensions has "
    "a low floor, so its ratios are lower. Plain lbp sees single grey levels; "
    "`controls` says what real images score once something invisible was done to them.",
    "kid": "Unbiased MMD² with a cubic polynomial kernel, mean over random subsets; 0 is perfect.",
    "precision": f"Share of synthetic images inside real {NEIGHBOURS}-nearest-neighbour balls.",
    "recall": f"Share of real images inside synthetic {NEIGHBOURS}-nearest-neighbour balls.",
    "real": "The same figures for training images in place of synthetic ones: what is attainable.",
    "ms_ssim": "Mean similarity of random pairs of a class; above the real value, variety lacks.",
    "copies": "A copy is an image whose nearest training image is closer than those of 99 % of "
    "held-out real images. Nearness to a training image is a warning of copying, not a quality.",
    "classification_score": "Trained on synthetic images alone, tested on held-out real ones, "
    "beside the same classifier trained on as many real images.",
}


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    n: int = 500,
    seeds: Sequence[int] = (0, 1, 2),
    splits: Sequence[str] = ("val",),
    options: dict[str, float] | None = None,
    score_network: bool = False,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Fidelity, diversity, texture and copying of a generator, at its own resolution.

    Args:
        registry: holds the generator and the encoder.
        model_id: the generator.
        data: its domain, at the generator's preprocessing.
        n: images of each kind; fewer where the splits hold fewer.
        seeds: sampling seeds, three or more.
        splits: held-out splits to compare with ("test" means its de-duplicated part).
        options: sampling options; the model's own defaults otherwise.
        score_network: also train a small network on the synthetic images (minutes).
        progress: called with the share done.

    Returns:
        What was written to `metrics.json`; other keys of the file are kept.

    Raises:
        CheckpointError: no such model, or no encoder.
        DataError: another resolution than the model's, or no held-out images.
    """
    start, card = time.monotonic(), registry.card(model_id)
    check_size(card, data)
    real = RealSets(registry, data, card.classes, n, splits)
    drawn, journal = [], Journal({"files": card.files, "options": options})
    for number, seed in enumerate(seeds):
        drawn.append(_round(registry, model_id, data, real, seed, options, journal))
        if progress:
            progress((number + 1) / len(seeds))
    result = {
        **setting(registry, card, data, real, splits),
        "seeds": list(seeds),
        "options": options or {},
        **_figures(real, drawn, card, score_network),
        "definitions": DEFINITIONS,
        "seconds": round(time.monotonic() - start, 1),
    }
    write(registry, model_id, result)
    journal.close()
    return result


def write(registry: Registry, model_id: str, result: dict[str, Any]) -> dict[str, Any]:
    """Put figures into a model's `metrics.json`, whose other keys are kept; returns them."""
    folder = registry.folder(model_id)
    write_json(folder / "metrics.json", {**read_metrics(folder), **result})
    return result


def _figures(real: RealSets, drawn: list[Round], card: Card, score_network: bool) -> dict[str, Any]:
    """Every figure of a generator's rounds, one round per sampling seed."""
    pixels = np.concatenate([pixels for pixels, _, _ in drawn])
    features = np.concatenate([spaces[MAIN] for _, spaces, _ in drawn])
    classes = np.tile(real.held_classes, len(drawn))
    return {
        **summarise([figures for _, _, figures in drawn]),
        "real": compare(real.held, real.floor, real.other, 0),
        "controls": controls(real),
        "per_class": per_class(real, features, classes, card.classes),
        "ms_ssim": similarity(real, pixels, classes),
        "copies": copies(real, pixels, features),
        **classification_score.scores(real, pixels, features, classes, card, score_network),
    }


def _round(
    registry: Registry,
    model_id: str,
    data: DomainData,
    real: RealSets,
    seed: int,
    options: dict[str, float] | None,
    journal: Journal,
) -> Round:
    def piece(start: int) -> np.ndarray:
        classes = real.held_classes[start : start + PIECE]
        mark = hashlib.sha256(classes.tobytes()).hexdigest()[:16]
        loaded = registry.get(model_id)
        return journal.once(
            f"{seed}-{start}-{mark}",
            lambda: sampling.draw(loaded, classes, seed, options, first=start),
        )

    pixels = np.concatenate([piece(s) for s in range(0, len(real.held_classes), PIECE)])
    spaces = describe(find_encoder(registry, data.domain.id), pixels)
    return pixels, spaces, compare(real.held, real.floor, spaces, seed)


def check_size(card: Card, data: DomainData) -> None:
    """Raise `DataError` unless the data are at the resolution the model works at."""
    wanted = card.preprocess().size
    if data.images.shape[1] != wanted:
        raise DataError(
            f"{card.id} works at {wanted} pixels but the images were loaded at "
            f"{data.images.shape[1]}; load them with the model's own preprocessing."
        )


def setting(
    registry: Registry, card: Card, data: DomainData, real: RealSets, splits: Sequence[str]
) -> dict[str, Any]:
    """What the figures were measured on and with."""
    encoder = find_encoder(registry, data.domain.id).card
    counts = np.bincount(real.held_classes, minlength=len(card.classes))
    return {
        "task": card.task,
        "model": card.id,
        "model_files": card.files,
        "images_seen": card.training.get("images_seen"),
        "resolution": card.preprocess().size,
        "n": len(real),
        "n_training": len(real.train_rows),
        "splits": list(splits),
        "class_counts": dict(zip(card.classes, counts.tolist())),
        "features": {
            "encoder": f"{encoder.id}: self-supervised, in-domain, {real.held[MAIN].shape[1]}-d",
            "encoder_files": encoder.files.get("model.safetensors", ""),
            "lbp": "uniform local binary patterns at radius 1 and 2, luminance",
            "spectrum": "log10 radial power spectrum, luminance",
            "hog": "histograms of oriented gradients on a 4 × 4 grid, luminance",
            "lbp_tolerant": f"as lbp, differences up to {TOLERANCE:g} grey levels ignored",
            "glcm": "properties of grey-level co-occurrence at 1, 2 and 4 pixels, luminance",
        },
    }


def compare(
    reference: Spaces, floor: dict[str, float], spaces: Spaces, seed: int
) -> dict[str, Any]:
    """All figures of one set of images against real ones.

    Args:
        reference: features of real images by space.
        floor: their Fréchet distance to other real images by space.
        spaces: features of the images under test by space.
        seed: of the subsets of the kernel distance.
    """
    distances = {name: frechet(reference[name], spaces[name]) for name in spaces}
    mean, spread = kid(reference[MAIN], spaces[MAIN], seed=seed)
    return {
        "frechet": distances,
        "ratios": {name: ratio(floor[name], d) for name, d in distances.items()},
        "kid": mean,
        "kid_subset_sd": spread,
        **prdc(reference[MAIN], spaces[MAIN], NEIGHBOURS),
    }


def controls(real: RealSets) -> dict[str, dict[str, float]]:
    """Ratios of held-out real images after what nobody can see (see `touched`), by kind and space.

    A space that scores low here tells differences that do not matter.
    """
    found: dict[str, dict[str, float]] = {}
    for kind, pixels in touched(real.held_pixels).items():
        for name, function in DESCRIPTORS.items():
            distance = frechet(real.other[name], function(pixels))
            found.setdefault(kind, {})[name] = ratio(real.floor[name], distance)
    return found


def summarise(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation over sampling seeds.

    Args:
        rounds: what `compare` returned for each seed.

    Returns:
        "kid", "precision" … with "…_sd"; "frechet" and "ratios" by space with mean and sd;
        "fid_ratio", the ratio in the encoder's space.
    """
    found: dict[str, Any] = {}
    for key in ("kid", "kid_subset_sd", "precision", "recall", "density", "coverage"):
        values = [r[key] for r in rounds]
        found |= {key: float(np.mean(values)), f"{key}_sd": _sd(values)}
    for key in ("frechet", "ratios"):
        found[key] = {}
        for name in rounds[0][key]:
            values = [r[key][name] for r in rounds]
            found[key][name] = {"mean": float(np.mean(values)), "sd": _sd(values)}
    main = found["ratios"][MAIN]
    return {"fid_ratio": main["mean"], "fid_ratio_sd": main["sd"], **found}


def _sd(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def per_class(
    real: RealSets, features: np.ndarray, classes: np.ndarray, names: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Kernel distance, precision and coverage of every class with more than ten real images."""
    found = {}
    for number, name in enumerate(names):
        a = real.held[MAIN][real.held_classes == number]
        b = features[classes == number]
        if len(a) > 10:
            b = b[: len(a)]
            scores = prdc(a, b, NEIGHBOURS)
            kept = {k: scores[k] for k in ("precision", "recall", "coverage")}
            found[name] = {"n": len(a), "kid": kid(a, b)[0], **kept}
    return found


def similarity(real: RealSets, pixels: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Multi-scale structural similarity within classes, synthetic and held-out real."""
    return {
        "synthetic": intra_class(pixels, classes),
        "real": intra_class(real.held_pixels, real.held_classes),
    }


def copies(real: RealSets, pixels: np.ndarray, features: np.ndarray) -> dict[str, Any]:
    """The copy audit by pixel correlation and by encoder features."""
    centre = real.train_features.mean(0)
    spaces = {
        "pixel": [copy_audit.thumbnails(p) for p in (real.train_pixels, real.held_pixels, pixels)],
        "feature": [
            copy_audit.unit(f, centre) for f in (real.train_features, real.held[MAIN], features)
        ],
    }
    return {
        name: copy_audit.audit(
            copy_audit.nearest(held, train)[0], copy_audit.nearest(synthetic, train)[0]
        )
        for name, (train, held, synthetic) in spaces.items()
    }
