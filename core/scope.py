"""Is an image of the chosen domain at all? A distance to the domain's real training images.

Two Mahalanobis distances (Lee et al. 2018, equation 2, with one class per domain) are joined: one
in the encoder's feature space, one on simple statistics of the image, which catch pages of text,
noise and blank images whatever the encoder makes of them. Both are scaled by what held-out real
images reach, and the limit is the distance that 1 % of them exceed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from core import domains
from core.cards import Card, sha256, write_card
from core.data.dataset import DomainData
from core.domains import Domain
from core.errors import CheckpointError, SynthLensError
from core.evaluate.features import encoded, find_encoder
from core.image_statistics import statistics
from core.preprocessing import Preprocessing
from core.registry import Loaded, Registry

QUANTILE = 0.99
LEAST_SPREAD = 0.01  # of a statistic: a grey domain's chroma does not vary at all


@dataclass(frozen=True)
class ScopeDecision:
    """Whether an image belongs to a domain.

    Attributes:
        in_scope: whether `distance` is within `limit`.
        distance: to the domain's real images; about 1 at the edge of what is usual.
        limit: distance that 1 % of held-out real images exceed.
        nearest_domain: the domain whose images it is most like, in or out of scope.
        message: one sentence for people.
    """

    in_scope: bool
    distance: float
    limit: float
    nearest_domain: str
    message: str


@dataclass(frozen=True)
class Gaussian:
    """A mean and a whitening matrix: distances from a cloud of points.

    Attributes:
        mean: (D,).
        whitening: (D, D) upper factor U of the precision, P = U Uᵀ.
    """

    mean: np.ndarray
    whitening: np.ndarray

    @classmethod
    def fit(cls, points: np.ndarray, least: float = 1e-3) -> Gaussian:
        """Fit with a shrunk covariance (Ledoit & Wolf 2004), (N, D) points.

        Args:
            points: (N, D).
            least: smallest standard deviation assumed of a coordinate.
        """
        spread = np.maximum(points.std(0), least)
        from sklearn.covariance import LedoitWolf  # only for fitting

        shrunk = LedoitWolf().fit((points - points.mean(0)) / spread).covariance_
        shrunk = shrunk + 1e-4 * np.eye(len(shrunk))
        factor = np.linalg.cholesky(np.linalg.inv(shrunk)) / spread[:, None]
        return cls(points.mean(0).astype(np.float32), factor.astype(np.float32))

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Mahalanobis distance of (N, D) points, (N,)."""
        return np.linalg.norm((points - self.mean) @ self.whitening, axis=1)


@dataclass(frozen=True)
class Scope:
    """What a domain's real images look like, and how far from them is too far.

    Attributes:
        features: of encoder features.
        statistics: of image statistics.
        scales: distances in the two spaces that 1 % of held-out real images exceed.
        limit: of the joint distance.
    """

    features: Gaussian
    statistics: Gaussian
    scales: tuple[float, float]
    limit: float

    @classmethod
    def fit(
        cls, train: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray]
    ) -> Scope:
        """Fit to real images.

        Args:
            train: encoder features (N, D) and image statistics (N, K) of training images.
            held: the same of held-out images, which set scales and limit.
        """
        a, b = Gaussian.fit(train[0]), Gaussian.fit(train[1], LEAST_SPREAD)
        scales = tuple(float(np.quantile(g.distance(x), QUANTILE)) for g, x in zip((a, b), held))
        draft = cls(a, b, scales, 0.0)  # type: ignore[arg-type]
        limit = float(np.quantile(draft.distance(*held), QUANTILE))
        return cls(a, b, draft.scales, limit)

    def distance(self, features: np.ndarray, statistics: np.ndarray) -> np.ndarray:
        """Root mean square of the two scaled distances, (N,)."""
        a = self.features.distance(features) / self.scales[0]
        b = self.statistics.distance(statistics) / self.scales[1]
        return np.sqrt((a**2 + b**2) / 2)

    def save(self, path: Path) -> None:
        """Write as safetensors."""
        tensors = {
            "feature_mean": self.features.mean,
            "feature_whitening": self.features.whitening,
            "statistic_mean": self.statistics.mean,
            "statistic_whitening": self.statistics.whitening,
            "numbers": np.array([*self.scales, self.limit], np.float32),
        }
        save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path)

    @classmethod
    def load(cls, path: Path) -> Scope:
        """Read what `save` wrote."""
        t = load_file(path)
        first, second, limit = (float(v) for v in t["numbers"])
        return cls(
            Gaussian(t["feature_mean"], t["feature_whitening"]),
            Gaussian(t["statistic_mean"], t["statistic_whitening"]),
            (first, second),
            limit,
        )


def file_name(domain: str) -> str:
    """Name of a domain's scope file beside its encoder."""
    return f"scope-{domain}.safetensors"


@lru_cache(maxsize=16)
def _read(path: Path, modified_ns: int) -> Scope:
    return Scope.load(path)


def _scope_of(registry: Registry, encoder: Loaded, domain: str) -> Scope | None:
    path = registry.folder(encoder.card.id) / file_name(domain)
    return _read(path, path.stat().st_mtime_ns) if path.exists() else None


def colour(image: np.ndarray, size: int) -> np.ndarray:
    """Any image to (size, size, 3) uint8, its colours kept whatever the domain's channels."""
    return Preprocessing(size=size, channels=3).pixels(image.squeeze())


def _measure(encoder: Loaded, images: list[np.ndarray], domain: Domain) -> tuple[np.ndarray, ...]:
    own = Preprocessing(size=domain.size, channels=domain.channels)
    features = encoded(encoder, np.stack([own.pixels(i) for i in images]))
    return features, statistics(np.stack([colour(i, domain.size) for i in images]))


def distances(
    registry: Registry, images: list[np.ndarray], domain: str
) -> tuple[np.ndarray, float] | None:
    """Distances of images to a domain and its limit; None where no scope was fitted.

    Args:
        registry: holds the encoder.
        images: each (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8, any size.
        domain: domain id.

    Returns:
        (N,) and the limit.
    """
    encoder = find_encoder(registry, domain)
    fitted = _scope_of(registry, encoder, domain)
    if fitted is None:
        return None
    features, stats = _measure(encoder, images, domains.get(domain))
    return fitted.distance(features, stats), fitted.limit


def scopes(registry: Registry, images: list[np.ndarray], domain: str) -> list[ScopeDecision]:
    """Decide for several images whether they are of a domain; see `distances` for `images`.

    Raises:
        CheckpointError: no encoder, or no scope fitted for this domain.
    """
    if not images:
        return []
    own = distances(registry, images, domain)
    if own is None:
        raise CheckpointError(
            f"What is in scope of {domain} was not measured; run 'python -m core evaluate "
            f"encoder --domain {domain} --data …'."
        )
    relative = {domain: own[0] / own[1]}
    for other in domains.all_domains():
        if other.id != domain and (found := _try(registry, images, other.id)) is not None:
            relative[other.id] = found[0] / found[1]
    names = list(relative)
    order = np.stack([relative[n] for n in names]).argmin(0)
    return [_decide(domain, float(d), own[1], names[k]) for d, k in zip(own[0], order)]


def _try(
    registry: Registry, images: list[np.ndarray], domain: str
) -> tuple[np.ndarray, float] | None:
    try:
        return distances(registry, images, domain)
    except CheckpointError:
        return None


def _decide(domain: str, distance: float, limit: float, nearest: str) -> ScopeDecision:
    name = domains.get(domain).name
    inside = distance <= limit
    figures = f"(distance {distance:.2f}, limit {limit:.2f})"
    if inside:
        message = f"The image looks like the {name} images that the models know {figures}."
    elif nearest != domain:
        other = domains.get(nearest).name
        message = f"The image is unlike {name} images {figures}; it is more like {other}."
    else:
        message = f"The image is unlike the {name} images that the models know {figures}."
    return ScopeDecision(inside, distance, limit, nearest, message)


def scope(registry: Registry, image: np.ndarray, domain: str) -> ScopeDecision:
    """Decide for one image whether it is of a domain; see `scopes`."""
    return scopes(registry, [image], domain)[0]


def check(registry: Registry, images: list[np.ndarray], domain: str) -> list[dict[str, Any]]:
    """Decisions as plain dictionaries, {"checked": False, "in_scope": True} where none can be made.

    Args:
        registry: holds the encoder.
        images: see `distances`.
        domain: domain id.
    """
    try:
        return [{"checked": True, **asdict(d)} for d in scopes(registry, images, domain)]
    except CheckpointError:
        return [{"checked": False, "in_scope": True} for _ in images]


def require(registry: Registry, image: np.ndarray, domain: str) -> None:
    """Refuse an image that is not of a domain; where no scope was fitted, let it pass.

    Args:
        registry: holds the encoder.
        image: see `distances`.
        domain: domain id.

    Raises:
        SynthLensError: out of scope; the text says what the image is more like.
    """
    found = check(registry, [image], domain)[0]
    if not found["in_scope"]:
        raise SynthLensError(found["message"])


def fit_scope(
    registry: Registry, data: DomainData, features: dict[str, np.ndarray] | None = None
) -> None:
    """Fit a domain's scope to its training images, limit on validation, beside its encoder.

    Args:
        registry: holds the encoder, whose card gets the file's sha256 and the limit.
        data: the domain's images.
        features: encoder features by split ("train", "val"), where known already.

    Raises:
        CheckpointError: no encoder.
    """
    encoder, domain = find_encoder(registry, data.domain.id), data.domain.id
    sets = []
    for split in ("train", "val"):
        pixels = np.asarray(data.images[data.indices(split)])
        known = features[split] if features else encoded(encoder, pixels)
        sets.append((known, statistics(pixels)))
    fitted = Scope.fit(*sets)
    path = registry.folder(encoder.card.id) / file_name(domain)
    fitted.save(path)
    numbers = {"limit": fitted.limit, "quantile": QUANTILE, "n_held_out": len(sets[1][0])}
    register_file(registry, encoder.card, path, {"scope": {domain: numbers}})


def register_file(
    registry: Registry, card: Card, path: Path, calibration: dict[str, dict[str, Any]]
) -> None:
    """Add a file to a card, with numbers for its `calibration` by topic and domain."""
    card.files[path.name] = sha256(path)
    for topic, found in calibration.items():
        card.calibration[topic] = {**card.calibration.get(topic, {}), **found}
    write_card(card, registry.folder(card.id))
