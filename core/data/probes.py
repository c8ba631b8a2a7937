"""Shortcut probes: what a linear model can tell from features that carry no anatomy."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from scipy.fft import rfft2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5
RESAMPLES = 1000
MOST_IMAGES = 3000  # probes are estimated on at most so many images, drawn by whole groups
SPECTRUM_BINS = 32
SPECTRUM_SIDE = 256  # centre crop at native scale: resizing would hide the file's history
BORDER = 0.04  # width of the border strips, as a share of the shorter side

TITLES = {
    "size": "Image size and colour mode",
    "mean": "Mean of each channel",
    "border": "Mean and spread of the four border strips",
    "jpeg_tables": "JPEG quantisation tables",
    "radial_spectrum": "Radial power spectrum",
    "all": "All of these together",
}


def shortcut_features(data: bytes, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Features of one image by probe name, each a float32 vector of fixed length.

    Args:
        data: the file, for its header.
        pixels: (H, W) or (H, W, 3) uint8, the decoded file.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    flat = pixels.reshape(-1, channels).astype(np.float32)
    # Matrix products: many times faster than means over a short axis.
    grey = (flat @ np.full(channels, 1 / channels, np.float32)).reshape(pixels.shape[:2])
    mean = np.full(len(flat), 1 / len(flat), np.float32) @ flat
    found = {
        "size": np.array([*pixels.shape[:2], pixels.ndim]),
        "mean": np.broadcast_to(mean, 3),
        "border": border(grey),
        "jpeg_tables": jpeg_tables(data),
        "radial_spectrum": radial_spectrum(grey),
    }
    return {name: value.astype(np.float32) for name, value in found.items()}


def border(grey: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of the top, bottom, left and right strip, (8,)."""
    width = max(1, round(min(grey.shape) * BORDER))
    strips = (grey[:width], grey[-width:], grey[:, :width], grey[:, -width:])
    return np.array([f(strip) for strip in strips for f in (np.mean, np.std)])


def jpeg_tables(data: bytes) -> np.ndarray:
    """Log of the first two quantisation tables (ITU-T T.81, B.2.4.1), (128,); 0 where absent."""
    out = np.zeros((2, 64))
    with Image.open(io.BytesIO(data)) as image:
        for row, table in zip(out, getattr(image, "quantization", {}).values()):
            row[:] = np.log(table)
    return out.ravel()


def radial_spectrum(grey: np.ndarray) -> np.ndarray:
    """Log power by spatial frequency, 0 to 0.5 cycles per pixel, (SPECTRUM_BINS,)."""
    top, left = (max(0, (side - SPECTRUM_SIDE) // 2) for side in grey.shape)
    crop = grey[top : top + SPECTRUM_SIDE, left : left + SPECTRUM_SIDE]
    window, index, sizes = _rings(crop.shape)
    power = np.abs(rfft2((crop - crop.mean()) * window)) ** 2
    sums = np.bincount(index, power.ravel(), SPECTRUM_BINS + 1)[:SPECTRUM_BINS]
    return np.log(sums / sizes + 1e-6)


@cache
def _rings(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hann window, ring index of each frequency of `rfft2` (flat), and ring sizes."""
    window = np.outer(*(np.hanning(side) for side in shape)).astype(np.float32)
    radius = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
    index = np.minimum((radius * 2 * SPECTRUM_BINS).astype(int), SPECTRUM_BINS).ravel()
    sizes = np.bincount(index, minlength=SPECTRUM_BINS + 1)[:SPECTRUM_BINS]
    return window / max(window.sum(), 1e-6) ** 0.5, index, np.maximum(sizes, 1)


@dataclass(frozen=True)
class Probe:
    """Outcome of one probe.

    Attributes:
        balanced_accuracy: mean recall over the classes, out of fold.
        low, high: 95 % interval, percentile bootstrap over groups.
        chance: 1 / number of classes.
        recall: recall by label.
        images: number of images used.
    """

    balanced_accuracy: float
    low: float
    high: float
    chance: float
    recall: dict[str, float]
    images: int


def probe(features: np.ndarray, labels: np.ndarray, group: np.ndarray, seed: int = 0) -> Probe:
    """Cross-validated logistic regression from features to labels; groups stay in one fold.

    Args:
        features: (N, F) float.
        labels: (N,) str.
        group: (N,) int, images of one patient or of one set of duplicates.
        seed: of folds, subset and bootstrap.

    Raises:
        ValueError: fewer than two labels, or a label with fewer groups than folds.
    """
    keep = _subset(group, seed)
    features, labels, group = features[keep], labels[keep], group[keep]
    names, truth = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError("A probe needs at least two labels.")
    if min(len(np.unique(group[truth == k])) for k in range(len(names))) < FOLDS:
        raise ValueError(f"A probe needs at least {FOLDS} groups of each label.")
    features = features[:, features.std(0) > 1e-6]
    guess = _out_of_fold(features, truth, group, seed)
    hits = np.zeros((group.max() + 1, len(names)))
    sizes = np.zeros_like(hits)
    np.add.at(hits, (group, truth), guess == truth)
    np.add.at(sizes, (group, truth), 1)
    recall = hits.sum(0) / sizes.sum(0)
    low, high = _interval(hits[np.unique(group)], sizes[np.unique(group)], seed)
    return Probe(
        balanced_accuracy=float(recall.mean()),
        low=low,
        high=high,
        chance=1 / len(names),
        recall={str(n): float(r) for n, r in zip(names, recall)},
        images=len(labels),
    )


def _subset(group: np.ndarray, seed: int) -> np.ndarray:
    """Positions of whole groups, drawn until `MOST_IMAGES` are reached."""
    if len(group) <= MOST_IMAGES:
        return np.arange(len(group))
    ids, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(ids))
    chosen = order[np.cumsum(sizes[order]) <= MOST_IMAGES]
    return np.flatnonzero(np.isin(inverse, chosen))


def _out_of_fold(
    features: np.ndarray, truth: np.ndarray, group: np.ndarray, seed: int
) -> np.ndarray:
    """Predicted label index of each image by a model that never saw its group, (N,)."""
    guess = np.zeros_like(truth)
    if not features.shape[1]:
        return guess  # nothing varies: the best guess is one and the same label
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(features, truth, group):
        model = make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=60, tol=1e-3)
        )
        guess[test] = model.fit(features[train], truth[train]).predict(features[test])
    return guess


def _interval(hits: np.ndarray, sizes: np.ndarray, seed: int) -> tuple[float, float]:
    """95 % percentile interval of the balanced accuracy (Efron 1979), resampling groups.

    Args:
        hits: (G, K) right answers by group and label.
        sizes: (G, K) images by group and label.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    count = len(hits)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)  # (B, G)
    recall = (weights @ hits) / np.maximum(weights @ sizes, 1)
    low, high = np.percentile(recall.mean(1), [2.5, 97.5])
    return float(low), float(high)
