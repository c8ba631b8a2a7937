"""Which generator family a synthetic image looks most like, by a linear head on the detector.

A multinomial logistic regression on the detector's own features, fitted on the fakes it trained
on. It only ranks families it knows: an unknown generator gets the nearest of them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import Card, sha256, write_card, write_json
from core.models.detector import Detector
from core.preprocessing import Preprocessing
from core.registry import Loaded, Registry

FILE = "families.json"
BATCH = 64


@torch.inference_mode()
def features(
    module: Detector, images: np.ndarray, recipe: Preprocessing, device: torch.device
) -> np.ndarray:
    """Detector features of uint8 images (N, S, S, C), (N, D) float32."""
    rows = [
        module.features(recipe.normalise(images[i : i + BATCH]).to(device)).float().cpu().numpy()
        for i in range(0, len(images), BATCH)
    ]
    return np.concatenate(rows)


def fit(
    train: np.ndarray, names: list[str], held_out: np.ndarray, held_out_names: list[str]
) -> dict[str, Any]:
    """Fit the head; what it returns is what `families.json` holds.

    Args:
        train: (N, D) features of fakes.
        names: N family names.
        held_out: (M, D) features of validation fakes.
        held_out_names: M family names.
    """
    # takes a second to import, and verdicts do not need it
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train)
    model = LogisticRegression(C=0.1, max_iter=500).fit(scaler.transform(train), names)
    known = np.isin(held_out_names, model.classes_)
    truth = np.array(held_out_names)[known]
    guessed = model.predict(scaler.transform(held_out[known]))
    # one affine map from raw features to scores
    weight = model.coef_ / scaler.scale_
    bias = model.intercept_ - weight @ scaler.mean_
    return {
        "families": [str(name) for name in model.classes_],
        "weight": np.round(weight, 6).tolist(),
        "bias": np.round(bias, 6).tolist(),
        "validation": {
            "n": len(truth),
            "balanced_accuracy": float(balanced_accuracy_score(truth, guessed)),
            "chance": 1 / len(model.classes_),
        },
    }


def write(folder: Path, card: Card, fitted: dict[str, Any]) -> None:
    """Keep the head beside its detector, and its hash in the card."""
    write_json(folder / FILE, fitted)
    card.files[FILE] = sha256(folder / FILE)
    write_card(card, folder)


@lru_cache(maxsize=8)
def _read(path: Path, modified_ns: int) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def nearest(registry: Registry, loaded: Loaded, images: list[np.ndarray]) -> list[dict[str, float]]:
    """Probability of each known family, for images held to be synthetic.

    Args:
        registry: where the detector's folder is.
        loaded: the detector.
        images: each (H, W) or (H, W, 3), float in [0, 1] or uint8.

    Returns:
        One {family: probability} per image, the likeliest first; empty without a fitted head.
    """
    path = registry.folder(loaded.card.id) / FILE
    if not images or not path.exists() or not isinstance(loaded.module, Detector):
        return [{} for _ in images]
    head, recipe = _read(path, path.stat().st_mtime_ns), loaded.card.preprocess()
    pixels = np.stack([recipe.pixels(image) for image in images])
    with loaded.lock:
        found = features(loaded.module, pixels, recipe, loaded.device)
    scores = found @ np.array(head["weight"]).T + np.array(head["bias"])
    chances = np.exp(scores - scores.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    return [{head["families"][k]: float(row[k]) for k in np.argsort(-row)} for row in chances]
