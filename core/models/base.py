"""What every model family offers, and the table of builders that the registry uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import nn

from core.models import families

Progress = Callable[[float, torch.Tensor | None], None]
"""Called with the share done (0 to 1) and, where there is one, a preview (N, C, H, W).

It may raise `CancelledError` to stop the work.
"""

Load = Callable[[str], nn.Module]
"""Returns another checkpoint's module by id (an autoencoder for a latent generator)."""


def stands_alone(model_id: str) -> nn.Module:
    """A `Load` for families that need no other checkpoint.

    Raises:
        KeyError: one was asked for after all.
    """
    raise KeyError(f"A family that stands alone asked for another checkpoint: {model_id}.")


class Builder(Protocol):
    """Makes an untrained module from a card's config."""

    def __call__(self, config: dict[str, Any], load: Load) -> nn.Module:
        """Build; `load` fetches required checkpoints."""


_builders: dict[str, Builder] = {}


def family(name: str) -> Callable[[Builder], Builder]:
    """Decorator: register a builder for a model family, so that new variants plug in."""

    def register(builder: Builder) -> Builder:
        _builders[name] = builder
        return builder

    return register


def build(name: str, config: dict[str, Any], load: Load) -> nn.Module:
    """Make an untrained module of a family.

    Raises:
        KeyError: no such family; the message lists those that exist.
    """
    if name not in _builders:
        families.load(name)
    if name not in _builders:
        known = ", ".join(sorted({*_builders, *families.MODULES}))
        raise KeyError(f"Unknown model family '{name}'; known: {known}.")
    return _builders[name](config, load)


def noise(shape: tuple[int, ...], seeds: list[int]) -> torch.Tensor:
    """Standard normal noise, one independent stream per image: (len(seeds), *shape) on the CPU.

    An image depends on its own seed alone, not on the batch it was drawn in.
    """
    return torch.stack(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )


class Generator(nn.Module):
    """A class-conditional image generator."""

    def sample(
        self,
        labels: torch.Tensor,
        seeds: list[int],
        progress: Progress | None = None,
        **options: float,
    ) -> torch.Tensor:
        """Draw one image per label and seed.

        Args:
            labels: (N,) int64 condition ids, in the order of the card's classes.
            seeds: N seeds.
            progress: called as the work goes on.
            **options: `truncation` (GANs), `guidance` and `steps` (diffusion).

        Returns:
            (N, C, H, W) float32 in the preprocessing's normalised range.
        """
        raise NotImplementedError


class StyleGenerator(Generator):
    """A generator with an intermediate latent space W (Karras et al. 2019)."""

    num_layers: int

    def map(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(N, z_dim) and (N,) to one w per layer, (N, num_layers, w_dim)."""
        raise NotImplementedError

    def synthesise(self, w: torch.Tensor) -> torch.Tensor:
        """(N, num_layers, w_dim) to images, (N, C, H, W)."""
        raise NotImplementedError


class Classifier(nn.Module):
    """An image classifier: normalised (N, C, H, W) in, logits (N, K) out."""

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the penultimate features, (N, F)."""
        raise NotImplementedError

    def cam_layer(self) -> nn.Module:
        """The layer whose activations Grad-CAM weighs."""
        raise NotImplementedError

    def cam_grid(self, activation: torch.Tensor) -> torch.Tensor:
        """Activations of `cam_layer` as (N, C, h, w); transformers reshape their tokens here."""
        return activation
