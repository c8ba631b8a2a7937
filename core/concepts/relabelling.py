"""Is a concept's pull on an answer more than that of random labels? An exact permutation test.

Kim et al. (2018, sec. 3.5) compare TCAV scores over random counterparts by a t-test. Those scores
share the concept's images, so the test takes one accidental set for many and calls random concepts
significant. Here the labels "shows the concept" are dealt anew among the same images, class by
class, and a vector is fitted to every dealing: if the concept means nothing to the model, the true
labels are just one dealing of many.
"""

from __future__ import annotations

import numpy as np

from core.concepts.cav import PENALTY

DEALINGS = 20_000


def dealings(y: np.ndarray, strata: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Labels dealt anew within every stratum, (images, n) bool.

    Args:
        y: (images,) true labels.
        strata: (images,) classes.
        n: dealings.
        seed: of the random stream.
    """
    rng = np.random.default_rng(seed)
    dealt = np.empty((len(y), n), bool)
    for stratum in np.unique(strata):
        own = strata == stratum
        dealt[own] = rng.permuted(np.repeat(y[own][:, None], n, axis=1), axis=0)
    return dealt


class Pull:
    """Directional derivatives of K outputs along ridge regression's weights for any labels.

    In the dual form: with the centred activations X (scaled as in `core.concepts.cav`) and centred
    labels y the weights are w = Xᵀ(XXᵀ + λI)⁻¹y, so no dealing needs its weights in full. They are
    not brought to unit length: that labels are told better than chance is part of the evidence.

    Args:
        x: (n, F) activations of the images.
        gradients: (K, F) mean gradient of each output over the images of its class.
    """

    def __init__(self, x: np.ndarray, gradients: np.ndarray) -> None:
        centred = x.astype(np.float64) - x.mean(0)
        length = max(float(np.sqrt((centred**2).sum(1).mean())), 1e-12)
        scaled = centred / length
        kernel = scaled @ scaled.T + PENALTY * np.eye(len(x))
        # (K, n): what each image's label adds to the derivative
        self.weights = np.linalg.solve(kernel, scaled @ gradients.T).T

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """Labels (n, D) bool of D dealings to derivatives, (D, K)."""
        return y.T @ self.weights.T - y.mean(0)[:, None] * self.weights.sum(1)


def p_value(observed: float, dealt: np.ndarray) -> float:
    """Two-sided permutation p-value, the true labels counted in (Phipson & Smyth 2010).

    Args:
        observed: the statistic under the true labels.
        dealt: (D,) the statistic under dealings.
    """
    beyond = int((np.abs(dealt) >= abs(observed) * (1 - 1e-6)).sum())
    return (beyond + 1) / (len(dealt) + 1)
