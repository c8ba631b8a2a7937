"""GANSpace: principal components of w over random codes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.latent.sefa import oriented
from core.models.base import StyleGenerator, noise


@dataclass(frozen=True)
class Codes:
    """Random codes and where the mapping network puts them.

    Attributes:
        seeds: N seeds.
        labels: (N,) class ids.
        w: (N, w_dim), before broadcasting to layers.
    """

    seeds: list[int]
    labels: torch.Tensor
    w: torch.Tensor


@dataclass(frozen=True)
class Components:
    """Principal components of w.

    Attributes:
        directions: (count, w_dim) of unit length, most variance first.
        deviations: (count,) standard deviation of w along each.
        explained: (count,) shares of the variance.
    """

    directions: torch.Tensor
    deviations: torch.Tensor
    explained: torch.Tensor


@torch.no_grad()
def sample_codes(
    generator: StyleGenerator, z_dim: int, classes: int, per_class: int, seed: int = 0
) -> Codes:
    """Map `per_class` random codes of every class; seeds follow on from `seed`."""
    device = next(generator.parameters()).device
    seeds = [seed + i for i in range(classes * per_class)]
    labels = torch.arange(classes).repeat_interleave(per_class)
    w = generator.map(noise((z_dim,), seeds).to(device), labels.to(device))[:, 0]
    return Codes(seeds, labels, w.cpu())


def components(codes: Codes, count: int) -> Components:
    """Principal components within classes (Härkönen et al. 2020, sec. 2.1).

    Each class's mean is taken off first, so that the components tell what varies between
    images of one class; what differs between classes is found by `core.latent.directions`.
    """
    w = codes.w.double()
    for label in codes.labels.unique():
        own = codes.labels == label
        w[own] -= w[own].mean(0)
    _, strengths, vectors = torch.linalg.svd(w, full_matrices=False)
    variance = strengths.square() / max(len(w) - 1, 1)
    return Components(
        oriented(vectors[:count]).float(),
        variance[:count].sqrt().float(),
        (variance[:count] / variance.sum()).float(),
    )
