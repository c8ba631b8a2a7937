"""An upload in a generator's W space: project it, and say honestly how near it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from core.errors import CheckpointError, SynthLensError
from core.evaluate.features import encoded, find_encoder
from core.latent.inversion import invert
from core.models.gan.stylegan2 import StyleGAN2
from core.registry import Loaded, Registry
from core.services.detection import in_scope
from core.services.queue import turn

STEPS = 150


@dataclass(frozen=True)
class Projection:
    """An upload's styles, and what drawing them gives back.

    Attributes:
        code: (layers, w_dim), for the sliders.
        target: the upload at the generator's size, (S, S, C) uint8.
        pixels: drawn from `code`, (S, S, C) uint8.
        error: mean absolute difference to the upload, as a share of the grey range.
        start_error: the same for the encoder's guess (or the class's mean image) alone.
        ceiling: the same for the autoencoder alone, which no code can beat; None in pixel space.
        psnr: in dB. ssim: structural similarity, 1 is equal.
        feature_distance: in the in-domain features, as a share of the mean distance between two
            random generated images of the class; None without an encoder.
        in_scope: whether the upload is of the domain at all; `scope_note` says more.
    """

    code: np.ndarray
    target: np.ndarray
    pixels: np.ndarray
    error: float
    start_error: float
    ceiling: float | None
    psnr: float
    ssim: float
    feature_distance: float | None
    in_scope: bool
    scope_note: str

    @property
    def note(self) -> str:
        """How far the reconstruction is from the upload, in whole sentences."""
        parts = [f"The reconstruction is off by {self.error:.1%} of the grey range on average"]
        if self.ceiling is not None:
            parts.append(f" (the autoencoder alone: {self.ceiling:.1%})")
        parts.append(". ")
        if self.feature_distance is not None:
            parts.append(
                f"In the in-domain features it is {self.feature_distance:.2f} times as far from "
                "the upload as two random images of the class are from each other. "
            )
        parts.append(
            "Edits act on the reconstruction, not on the upload: what it lost stays lost, and what "
            "it shows instead is the generator's invention."
        )
        return "".join(parts)


def can_invert(registry: Registry, model: str) -> bool:
    """Whether a generator has a W space that uploads can be projected into."""
    return isinstance(registry.get(model).module, StyleGAN2)


def project(
    registry: Registry,
    model: str,
    image: np.ndarray,
    class_id: str,
    steps: int = STEPS,
    progress: Callable[[float], object] | None = None,
) -> Projection:
    """Project an image into W: the encoder's guess, then gradient descent.

    Args:
        registry: holds the generator.
        model: id of a style-based generator.
        image: decoded, (H, W) or (H, W, 3), float in [0, 1] or uint8.
        class_id: the class it is taken for.
        steps: of descent; 0 gives the guess alone.
        progress: told the share done.

    Raises:
        SynthLensError: the generator has no such space, or does not know the class.
        CancelledError: cancelled, or while waiting for a turn.
    """
    loaded = registry.get(model)
    if not can_invert(registry, model):
        raise SynthLensError(f"{loaded.card.title} has no W space to project an image into.")
    if class_id not in loaded.card.classes:
        raise SynthLensError(f"{loaded.card.title} does not know the class '{class_id}'.")
    recipe, generator = loaded.card.preprocess(), loaded.module
    target = recipe.pixels(image)
    label = loaded.card.classes.index(class_id)
    with turn() as own, loaded.lock:

        def report(share: float, preview: Any) -> None:
            own.beat()
            if progress:
                progress(share)

        batch = recipe.normalise(target[None]).to(loaded.device)
        assert isinstance(generator, StyleGAN2)
        found = invert(generator, batch, label, steps, progress=report)
        pixels = recipe.denormalise(found.image)[0]
        ceiling = _ceiling(generator, batch)
        distance = _feature_distance(registry, loaded, target, pixels, label)
    scope = in_scope(registry, [image], loaded.card.domain)[0]
    grey = target.mean(2) / 255, pixels.mean(2) / 255
    return Projection(
        found.w[0].float().cpu().numpy(),
        target,
        pixels,
        found.error,
        found.start_error,
        ceiling,
        float(peak_signal_noise_ratio(target, pixels, data_range=255)),
        float(structural_similarity(*grey, data_range=1)),
        distance,
        bool(scope["in_scope"]),
        str(scope.get("message", "")),
    )


@torch.no_grad()
def _ceiling(generator: StyleGAN2, batch: torch.Tensor) -> float | None:
    if generator.autoencoder is None:
        return None
    back = generator.to_image(generator.to_grid(batch))
    return float((back - batch).abs().mean() / 2)


@torch.no_grad()
def _feature_distance(
    registry: Registry, loaded: Loaded, target: np.ndarray, pixels: np.ndarray, label: int
) -> float | None:
    try:
        encoder = find_encoder(registry, loaded.card.domain)
    except CheckpointError:
        return None
    generator: Any = loaded.module
    labels = torch.full((16,), label, device=loaded.device)
    others = loaded.card.preprocess().denormalise(generator.sample(labels, list(range(16))))
    features = encoded(encoder, np.concatenate([target[None], pixels[None], others]))
    gaps = np.linalg.norm(features[2:, None] - features[None, 2:], axis=2)
    typical = float(gaps[np.triu_indices(16, 1)].mean())
    return float(np.linalg.norm(features[0] - features[1])) / max(typical, 1e-9)
