"""Weak pairs of texts and latents on the training device, drawn there without leaving it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file

from core.data.dataset import DomainData
from core.models.text_generator import TextGenerator
from core.text.conditions import CONDITIONS, IMAGE_CLASSES
from core.text.prepared import SPLITS, Prepared
from core.training.gan_data import encode_images, load_reals


@dataclass
class Batch:
    """N pairs: latents (N, L, s, s), token states (N, T, D), mask (N, T), condition ids (N,)."""

    z: torch.Tensor
    states: torch.Tensor
    mask: torch.Tensor
    condition: torch.Tensor


class Pools:
    """Members of each condition as one flat list, so that a draw is a few tensor operations."""

    def __init__(self, members: list[torch.Tensor]) -> None:
        self.flat = torch.cat(members)
        self.count = torch.tensor([len(m) for m in members], device=self.flat.device)
        self.start = self.count.cumsum(0) - self.count

    def draw(self, condition: torch.Tensor) -> torch.Tensor:
        """One random member for each condition id, (N,) to (N,)."""
        chance = torch.rand(len(condition), device=condition.device)
        offset = (chance * self.count[condition]).long()
        return self.flat[self.start[condition] + offset]


class WeakPairs:
    """Texts of one split beside images of the same split.

    Args:
        prepared: texts of all splits.
        states: (N, T, D) of `prepared`, on the training device.
        grids: (M, L, s, s) latents.
        classes: (M,) image classes, into `names`.
        names: class ids of the domain.
        split: of the texts.
        shares: weight of each condition in a batch; equal where left out.
    """

    def __init__(
        self,
        prepared: Prepared,
        states: torch.Tensor,
        grids: torch.Tensor,
        classes: torch.Tensor,
        names: tuple[str, ...],
        split: str,
        shares: dict[str, float] | None = None,
    ) -> None:
        device = states.device
        self.states, self.mask = states, prepared.mask.to(device)
        self.grids, condition = grids.to(device), prepared.condition.to(device)
        own = prepared.split.to(device) == SPLITS.index(split)
        texts = [torch.nonzero(own & (condition == c)).flatten() for c in range(len(CONDITIONS))]
        images = [
            torch.nonzero(torch.isin(classes, _ids(names, c))).flatten().to(device)
            for c in CONDITIONS
        ]
        given = shares or {}
        weights = [
            float(given.get(c, 1.0)) if len(t) and len(i) else 0.0
            for c, t, i in zip(CONDITIONS, texts, images)
        ]
        self.texts, self.images = Pools(texts), Pools(images)
        self.weights = torch.tensor(weights, device=device)

    def conditions(self, n: int) -> torch.Tensor:
        """N condition ids by their shares."""
        return torch.multinomial(self.weights, n, replacement=True)

    def batch(self, n: int) -> Batch:
        """N random pairs."""
        condition = self.conditions(n)
        text, image = self.texts.draw(condition), self.images.draw(condition)
        return Batch(self.grids[image].float(), self.states[text], self.mask[text], condition)


def _ids(names: tuple[str, ...], condition: str) -> torch.Tensor:
    return torch.tensor([names.index(c) for c in IMAGE_CLASSES[condition]])


def kept_states(prepared: Prepared, cache: Path, device: torch.device) -> torch.Tensor:
    """Token states of every text, kept for a resumed run, (N, T, D) float16 on a device."""
    digest = hashlib.sha256(prepared.ids.numpy().tobytes()).hexdigest()[:12]
    path, mask = cache / f"states-{digest}.safetensors", prepared.mask.to(device)
    if not path.exists():
        states = prepared.states(device)
        save_file({"states": states[mask].cpu()}, path)
        return states
    own = load_file(path)["states"].to(device)
    states = own.new_zeros(*mask.shape, own.shape[1])
    states[mask] = own
    return states


def load_pairs(
    data: DomainData,
    model: TextGenerator,
    prepared: Prepared,
    cache: Path,
    shares: dict[str, float] | None = None,
) -> tuple[WeakPairs, WeakPairs]:
    """Training and validation pairs on the model's device.

    Args:
        data: the domain's images.
        model: whose autoencoder makes the latents.
        prepared: the texts.
        cache: folder for encoded latents.
        shares: weight of each condition in a training batch.
    """
    device = next(model.parameters()).device
    states = kept_states(prepared, cache, device)
    held_out = data.indices("val")
    own = cast(Any, model)  # has `autoencoder` and `to_grid`, which is all that encoding needs
    reals = load_reals(data, own, cache, False)
    grids = encode_images(data, held_out, own, False)
    names, labels = data.domain.class_ids, torch.as_tensor(data.class_index[held_out])
    return (
        WeakPairs(prepared, states, reals.grids, reals.labels, names, "train", shares),
        WeakPairs(prepared, states, grids, labels, names, "val"),
    )
