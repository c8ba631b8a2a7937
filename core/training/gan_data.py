"""The real images a GAN learns from: pixels, or latents encoded once, in class-balanced batches."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from core.data.dataset import DomainData
from core.models.diffusion import LatentDiffusion
from core.models.gan.space import GanGenerator

ENCODE_BATCH = 64


class Reals:
    """Training images of one domain in the space a generator draws in.

    Args:
        grids: (N, C, S, S) float32.
        labels: (N,) int64 class ids.
    """

    def __init__(self, grids: torch.Tensor, labels: torch.Tensor) -> None:
        self.grids = grids
        self.labels = labels
        counts = labels.unique(return_counts=True)[1]
        self.counts, self.starts = counts, counts.cumsum(0) - counts
        self.order = torch.argsort(labels, stable=True)  # class by class

    def labels_of(self, n: int) -> torch.Tensor:
        """Draw n classes, every class present equally likely (balanced sampling)."""
        return self.labels[self._draw(n)]

    def batch(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw n images by balanced sampling: (n, C, S, S) and (n,)."""
        chosen = self._draw(n)
        return self.grids[chosen], self.labels[chosen]

    def to(self, device: torch.device) -> Reals:
        """The same on another device: batches need not be copied there one by one."""
        return Reals(self.grids.to(device), self.labels.to(device))

    def first(self, label: int, n: int) -> torch.Tensor:
        """The first n images of a class, for fixed comparisons."""
        return self.grids[torch.nonzero(self.labels == label).flatten()[:n]]

    def _draw(self, n: int) -> torch.Tensor:
        device = self.labels.device
        classes = torch.randint(len(self.counts), (n,), device=device)
        within = (torch.rand(n, device=device) * self.counts[classes]).long()
        return self.order[self.starts[classes] + within]


def load_reals(
    data: DomainData, model: GanGenerator | LatentDiffusion, cache: Path, mirror: bool
) -> Reals:
    """Bring the training split into the generator's space; latents are kept for a resumed run.

    Args:
        data: the domain.
        model: the generator, whose `to_grid` encodes.
        cache: folder for encoded latents, named by the autoencoder's weights.
        mirror: also take left-right mirror images (encoded as such).
    """
    indices = data.indices("train")
    flips = (False, True) if mirror else (False,)
    labels = torch.as_tensor(data.class_index[indices]).repeat(len(flips))
    if model.autoencoder is None:
        return Reals(torch.cat([encode_images(data, indices, model, f) for f in flips]), labels)
    path = cache / f"latents-{_digest(model.autoencoder)}-{len(flips)}.safetensors"
    if not path.exists():
        grids = torch.cat([encode_images(data, indices, model, f) for f in flips])
        save_file({"grids": grids.half().contiguous()}, path)
    return Reals(load_file(path)["grids"].float(), labels)


def _digest(module: torch.nn.Module) -> str:
    """Of what makes latents: a decoder may be finished further while they stay valid."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        if "decoder" in name or "post_quant" in name or "texture" in name:
            continue
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


@torch.no_grad()
def encode_images(
    data: DomainData, indices: np.ndarray, model: GanGenerator | LatentDiffusion, flip: bool
) -> torch.Tensor:
    """Images of a data set in the generator's space, (N, C, S, S) float32 on the CPU."""
    device = next(model.parameters()).device
    parts = []
    for start in range(0, len(indices), ENCODE_BATCH):
        pixels = data.images[indices[start : start + ENCODE_BATCH]]
        images = data.preprocessing.normalise(pixels[:, :, ::-1].copy() if flip else pixels)
        parts.append(model.to_grid(images.to(device)).cpu())
    return torch.cat(parts)
