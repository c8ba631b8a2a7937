"""How much grain? Amounts fitted on training images, and their curve on validation images."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.cards import write_json
from core.data.dataset import DomainData
from core.errors import CheckpointError
from core.evaluate.frechet import frechet, halves, ratio
from core.evaluate.generator import check_size
from core.evaluate.real_sets import choose_rows
from core.evaluate.texture import DESCRIPTORS
from core.models.autoencoder import Autoencoder
from core.models.grain import KINDS, Grain
from core.registry import Loaded, Registry

FILE = "grain.json"
AMOUNTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6)
# what grain is there for, and what is fitted: the mean of these ratios' logarithms
DECIDES = ("lbp_tolerant", "spectrum")
Amounts = tuple[float, ...]  # one share for each band, the finest first


@dataclass
class Bench:
    """Reconstructions without grain beside other real images.

    Attributes:
        loaded: the autoencoder.
        grain: its grain.
        kind: of the images, "grey" or "colour".
        plain: (N, C, S, S) decoded images without grain.
        real: descriptors of as many other real images by name.
        floor: real-vs-real Fréchet distance by name.
    """

    loaded: Loaded
    grain: Grain
    kind: str
    plain: torch.Tensor
    real: dict[str, np.ndarray]
    floor: dict[str, float]

    @classmethod
    def of(cls, loaded: Loaded, pixels: np.ndarray, other: np.ndarray) -> Bench:
        """Decode (N, S, S, C) uint8 images and describe `other` ones, of the same classes."""
        model = loaded.module
        assert isinstance(model, Autoencoder) and model.grain is not None
        real = {name: function(other) for name, function in DESCRIPTORS.items()}
        floor = {name: frechet(f(pixels), real[name]) for name, f in DESCRIPTORS.items()}
        kind = KINDS[0] if pixels.shape[-1] == 1 else KINDS[1]
        return cls(loaded, model.grain, kind, _decoded(loaded, model, pixels), real, floor)

    def ratios(self, amounts: Amounts) -> dict[str, float]:
        """The Fréchet ratio by descriptor with these amounts; the model's own stay as they are."""
        made = self._grained(amounts)
        return {
            n: ratio(self.floor[n], frechet(self.real[n], f(made))) for n, f in DESCRIPTORS.items()
        }

    def _grained(self, amounts: Amounts, batch: int = 32) -> np.ndarray:
        recipe, found = self.loaded.card.preprocess(), []
        with self.loaded.lock, torch.inference_mode():
            own = self.grain.amounts[self.kind]
            self.grain.amounts[self.kind] = amounts
            try:
                for start in range(0, len(self.plain), batch):
                    x = self.plain[start : start + batch].to(self.loaded.device)
                    seeds = list(range(start, start + len(x)))
                    made = self.loaded.module.add_grain(x, seeds)  # type: ignore[operator]
                    found.append(recipe.denormalise(made))
            finally:
                self.grain.amounts[self.kind] = own
        return np.concatenate(found)


def evaluate(
    registry: Registry,
    model_id: str,
    data: DomainData,
    n: int = 200,
    splits: Sequence[str] = ("val",),
    tried: Sequence[float] = AMOUNTS,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Fit amounts by band on training images; compare them with equal amounts on validation.

    Args:
        registry: holds the autoencoder.
        model_id: an autoencoder with grain.
        data: one domain, at the autoencoder's size.
        n: most held-out images; the fit is made on half as many training images.
        splits: held-out splits; validation, since a choice is made on it.
        tried: shares of the predicted amplitude.
        progress: called with the share done.

    Returns:
        What was written below the domain's id in `grain.json`: "in_use" with the model's own
        amounts by band, "fitted" with those found on training images, both with their "ratios" on
        the held-out images; "curve" with the ratios of equal amounts in all bands, "tried".

    Raises:
        CheckpointError: no such model, or one without grain.
        DataError: another resolution than the model's, or no held-out images.
    """
    loaded, say = registry.get(model_id), progress or (lambda _: None)
    if not isinstance(loaded.module, Autoencoder) or loaded.module.grain is None:
        raise CheckpointError(f"{model_id} adds no grain, so there is no amount to choose.")
    check_size(loaded.card, data)
    held, train, picked = choose_rows(data, data.domain.class_ids, n, splits)
    near = train[picked]
    first, second = halves(data.class_index[near], np.random.default_rng(0))
    images = data.images
    found = fit(
        Bench.of(loaded, np.asarray(images[near[first]]), np.asarray(images[near[second]])),
        tried, lambda share: say(0.7 * share),
    )  # fmt: skip
    bench = Bench.of(loaded, np.asarray(images[held]), np.asarray(images[near]))
    own = bench.grain.amounts[bench.kind]
    bands = bench.grain.bands
    result = {
        "n": len(held), "n_fit": len(first), "splits": list(splits), "kind": bench.kind,
        "in_use": {"amounts": list(own), "ratios": bench.ratios(own)},
        "fitted": {"amounts": list(found), "ratios": bench.ratios(found)},
        "tried": list(tried),
        "curve": _by_name([bench.ratios((amount,) * bands) for amount in tried]),
    }  # fmt: skip
    say(1.0)
    return _write(registry, model_id, data.domain.id, result)


def fit(
    bench: Bench,
    tried: Sequence[float] = AMOUNTS,
    progress: Callable[[float], None] | None = None,
    rounds: int = 2,
) -> Amounts:
    """The amounts with the greatest score, one band after the other, the finest first.

    Args:
        bench: training images.
        tried: amounts that each band may have.
        progress: called with the share done.
        rounds: times that every band is gone through.
    """
    known: dict[Amounts, float] = {}

    def value(amounts: Amounts) -> float:
        if amounts not in known:
            known[amounts] = score(bench.ratios(amounts))
        return known[amounts]

    best = (tried[len(tried) // 2],) * bench.grain.bands
    for step in range(rounds * len(best)):
        k = step % len(best)
        best = max(((*best[:k], a, *best[k + 1 :]) for a in tried), key=value)
        if progress:
            progress((step + 1) / (rounds * len(best)))
    return best


def score(ratios: dict[str, float]) -> float:
    """Mean logarithm of the ratios in `DECIDES`: each counts by its relative gain."""
    return float(np.mean([math.log(max(ratios[name], 1e-9)) for name in DECIDES]))


def _by_name(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _decoded(
    loaded: Loaded, model: Autoencoder, pixels: np.ndarray, batch: int = 32
) -> torch.Tensor:
    """Reconstructions without grain, (N, C, S, S) on the CPU."""
    recipe, found = loaded.card.preprocess(), []
    for start in range(0, len(pixels), batch):
        x = recipe.normalise(pixels[start : start + batch]).to(loaded.device)
        with loaded.lock, torch.inference_mode():
            found.append(model.decode_plain(model.encode(x), pixels.shape[-1]).cpu())
    return torch.cat(found)


def _write(
    registry: Registry, model_id: str, domain: str, result: dict[str, Any]
) -> dict[str, Any]:
    path = registry.folder(model_id) / FILE
    known = json.loads(path.read_text()) if path.exists() else {}
    write_json(path, {**known, domain: result})
    return result
