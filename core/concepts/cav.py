"""The linear model whose normal is a concept activation vector (Kim et al. 2018, sec. 3.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from captum.concept import Classifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedKFold
from torch.utils.data import DataLoader

HELD_OUT = 1 / 3
PENALTY = 30.0


class LinearCAV(Classifier):
    """Captum's classifier of concept against counterpart: ridge regression on the labels.

    With fewer images than activations ridge regression has a closed form that takes
    milliseconds and always ends. The penalty is high: the vector then lies near the difference of
    the two means, which noise in the activations disturbs less than a separating plane's normal
    (Pahde et al. 2022). Activations are scaled to a mean squared length of one, so that the
    penalty means the same at every layer.

    Args:
        seed: of the choice of held-out images.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.model = RidgeClassifier(alpha=PENALTY)

    def train_and_eval(self, dataloader: DataLoader, **options: Any) -> dict[str, Any]:
        """Fit on two thirds of each side and judge on the last third, as "accs"."""
        batches = list(dataloader)
        x = torch.cat([b[0] for b in batches]).float().cpu().numpy()
        y = torch.cat([b[1] for b in batches]).cpu().numpy()
        rng = np.random.default_rng(self.seed)
        held = np.zeros(len(y), bool)
        for label in np.unique(y):
            own = rng.permutation(np.flatnonzero(y == label))
            held[own[: round(HELD_OUT * len(own))]] = True
        self.model.fit(_scaled(x, ~held)[~held], y[~held])
        right = self.model.predict(_scaled(x, ~held)[held]) == y[held]
        return {"accs": float(right.mean()) if held.any() else float("nan")}

    def weights(self) -> torch.Tensor:
        """(2, F) unit vectors towards each of `classes`."""
        normal = torch.from_numpy(np.ravel(self.model.coef_)).float()
        unit = normal / normal.norm().clamp_min(1e-12)
        return torch.stack([-unit, unit])

    def classes(self) -> list[int]:
        """Ids of the two concepts, in the order of `weights`."""
        return [int(c) for c in self.model.classes_]


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Unit vector from the images with label False to those with True: (n, F), (n,) to (F,)."""
    everything = np.ones(len(y), bool)
    normal = np.ravel(RidgeClassifier(alpha=PENALTY).fit(_scaled(x, everything), y).coef_)
    return (normal / max(float(np.linalg.norm(normal)), 1e-12)).astype(np.float32)


def told_right(x: np.ndarray, y: np.ndarray, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Whether each image is told right by a vector that was fitted without it, (n,) bool.

    Args:
        x: (n, F) activations.
        y: (n,) whether an image shows the concept.
        folds: of cross-validation, stratified.
        seed: of the folds.
    """
    right = np.zeros(len(y), bool)
    parts = StratifiedKFold(
        min(folds, int(y.sum()), int((~y).sum())), shuffle=True, random_state=seed
    )
    for fitted, held in parts.split(x, y):
        inside = np.isin(np.arange(len(y)), fitted)
        scaled = _scaled(x, inside)
        model = RidgeClassifier(alpha=PENALTY).fit(scaled[fitted], y[fitted])
        right[held] = model.predict(scaled[held]) == y[held]
    return right


def _scaled(x: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    centred = x - x[fitted].mean(0)
    length = np.sqrt((centred[fitted] ** 2).sum(1).mean())
    return centred / max(float(length), 1e-12)
