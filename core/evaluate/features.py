"""Feature spaces that images are compared in: the shipped encoder's and fixed descriptors."""

from __future__ import annotations

from typing import cast

import numpy as np

from core.errors import CheckpointError
from core.evaluate.texture import DESCRIPTORS
from core.models.encoder import Encoder, encode
from core.registry import Loaded, Registry


def find_encoder(registry: Registry, domain: str) -> Loaded:
    """The self-supervised encoder of a domain: its own, else the shared one.

    Raises:
        CheckpointError: no encoder among the checkpoints.
    """
    for home in (domain, "shared"):
        for card in registry.cards(home, "encoder"):
            return registry.get(card.id)
    raise CheckpointError(
        f"There is no encoder for {domain}; train one with 'python -m core train encoder'."
    )


def encoded(loaded: Loaded, pixels: np.ndarray) -> np.ndarray:
    """Features of (N, S, S, C) uint8 images by a loaded encoder, (N, D) float32."""
    return encode(cast(Encoder, loaded.module), pixels)


def describe(encoder: Loaded, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Every feature space of a set of images.

    Args:
        encoder: a loaded encoder.
        pixels: (N, S, S, C) uint8.

    Returns:
        "encoder" and every name of `DESCRIPTORS`, each (N, D).
    """
    found = {"encoder": encoded(encoder, pixels)}
    return found | {name: function(pixels) for name, function in DESCRIPTORS.items()}
