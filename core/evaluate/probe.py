"""Can a file's traces alone tell real from synthetic? After fair re-encoding they must not."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from core.evaluate.bootstrap import with_interval
from core.evaluate.classification import macro_auc
from core.training.degrade import degrade_all

FEATURES = (
    "height", "width", "channels", "compressibility", "parity", "gaps", "black", "white", "grid",
)  # fmt: skip
"""Names of `file_features`, in order."""

FILE = ("height", "width", "channels", "gaps", "grid")
"""What is left when the picture's own texture and clipping are set aside."""


def file_features(pixels: np.ndarray) -> np.ndarray:
    """What a file betrays without a look at the picture, (9,) float.

    Header sizes and shares of an 8×8 block grid, not content: PNG and JPEG overhead relative to
    each other, parity of grey levels, unused grey levels (gaps of a stretched histogram), clipped
    ends, and how far steps across JPEG block borders exceed those inside.
    """
    grey = pixels.astype(np.float32).mean(axis=2)
    used = np.bincount(pixels.reshape(-1), minlength=256) > 0
    low, high = np.flatnonzero(used)[[0, -1]]
    gaps = 1 - used[low : high + 1].mean()
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    border = steps[7::8].mean() - np.delete(steps, np.s_[7::8]).mean()
    sizes = [_size(pixels, format) for format in ("PNG", "JPEG")]
    return np.array(
        [
            pixels.shape[0], pixels.shape[1], pixels.shape[2], np.log(sizes[0] / sizes[1]),
            (pixels % 2).mean(), gaps, (pixels == 0).mean(), (pixels == 255).mean(), border,
        ]
    )  # fmt: skip


def _size(pixels: np.ndarray, format: str) -> int:
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, format)
    return stream.tell()


def trace_auc(features: np.ndarray, labels: np.ndarray, draws: int = 200) -> dict[str, Any]:
    """Cross-validated AUC of a forest on features: chance is 0.5.

    Args:
        features: (N, F).
        labels: (N,) 0 or 1.
        draws: bootstrap resamples.

    Returns:
        "value", "ci" and "n".
    """
    forest = RandomForestClassifier(40, min_samples_leaf=5, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    p = cross_val_predict(forest, features, labels, cv=folds, method="predict_proba")
    found = with_interval({"auc": lambda i: macro_auc(p[i], labels[i])}, labels, draws)["auc"]
    return {**found, "n": len(labels)}


def file_trace_probe(images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """AUC of file traces on re-encoded images, and on the chain itself over a constant image.

    Args:
        images: (N, S, S, C) uint8, as they reach the detector.
        labels: (N,) 0 for real, 1 for synthetic.

    Returns:
        "constant" (the same chains over a grey image, where only the chain could tell: must be
        at chance), "file" (headers, block grid and histogram gaps of the images), "traces" (all
        features: how well a texture compresses and how much of it is clipped are the picture's
        own, so this one may be above chance), and "alone", the AUC of each single feature.
    """
    constant = degrade_all(np.full_like(images, 128), seed=1)
    found = np.stack([file_features(x) for x in images])
    own = [FEATURES.index(name) for name in FILE]
    return {
        "constant": trace_auc(np.stack([file_features(x) for x in constant]), labels),
        "file": trace_auc(found[:, own], labels),
        "traces": trace_auc(found, labels),
        "alone": {name: _either_way(found[:, k], labels) for k, name in enumerate(FEATURES)},
    }


def _either_way(values: np.ndarray, labels: np.ndarray) -> float:
    """AUC of one feature, in whichever direction it points, 0.5 to 1."""
    area = macro_auc(np.stack([-values, values], axis=1), labels)
    return max(area, 1 - area)
