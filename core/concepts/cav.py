"""The linear model whose normal is a concept activation vector (Kim et al. 2018, sec. 3.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from captum.concept import Classifier
from scipy.linalg import solve
from sklearn.model_selection import StratifiedKFold
from torch.utils.data import DataLoader

HELD_OUT = 1 / 3
PENALTY = 30.0


class LinearCAV(Classifier):
    """Captum's classifier of concept against counterpart: ridge regression on the labels.

    The penalty is high: the vector then lies near the difference of the two means, which noise in
    the activations disturbs less than a separating plane's normal (Pahde et al. 2022).

    Args:
        seed: of the choice of held-out images.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.normal = np.zeros(0, np.float32)
        self.known: list[int] = []

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
        self.known = [int(label) for label in np.unique(y)]
        self.normal, told = ridge(x, y == self.known[1], ~held)
        right = told[held] == (y[held] == self.known[1])
        return {"accs": float(right.mean()) if held.any() else float("nan")}

    def weights(self) -> torch.Tensor:
        """(2, F) unit vectors towards each of `classes`."""
        unit = torch.from_numpy(_unit(self.normal))
        return torch.stack([-unit, unit])

    def classes(self) -> list[int]:
        """Ids of the two concepts, in the order of `weights`."""
        return self.known


def ridge(x: np.ndarray, y: np.ndarray, fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression on labels of -1 and 1, in the dual form, with an intercept.

    What `sklearn.linear_model.RidgeClassifier` gives, without the checks that take longer than
    the fit itself: thousands are made per model. Activations are scaled to a mean squared length
    of one, so that the penalty means the same at every layer.

    Args:
        x: (n, F) activations.
        y: (n,) bool.
        fitted: (n,) bool, the images to fit on; both labels are among them.

    Returns:
        The normal, (F,) float32, and what it says of every image, (n,) bool.
    """
    centred = x - x[fitted].mean(0)
    own = centred[fitted]
    length = max(float(np.sqrt((own**2).sum(1).mean())), 1e-12)
    sign = np.where(y[fitted], 1.0, -1.0)
    kernel = own.astype(np.float64) @ own.T.astype(np.float64) / length**2
    kernel.flat[:: len(kernel) + 1] += PENALTY
    dual = solve(kernel, sign - sign.mean(), assume_a="pos", overwrite_a=True, check_finite=False)
    normal = (dual @ own).astype(np.float32)
    return normal / length, centred @ normal / length**2 + sign.mean() > 0


def _unit(normal: np.ndarray) -> np.ndarray:
    return (normal / max(float(np.linalg.norm(normal)), 1e-12)).astype(np.float32)


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Unit vector from the images with label False to those with True: (n, F), (n,) to (F,)."""
    return _unit(ridge(x, y, np.ones(len(y), bool))[0])


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
        inside = np.zeros(len(y), bool)
        inside[fitted] = True
        right[held] = ridge(x, y, inside)[1][held] == y[held]
    return right
