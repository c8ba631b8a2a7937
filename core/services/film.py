"""A film from one image to another: two seeds, two classes or two uploads, by any generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.cards import Card
from core.errors import CheckpointError, SynthLensError
from core.evaluate.features import find_encoder
from core.latent.interpolation import lerp, path, path_length, slerp
from core.latent.noise_path import through_noise
from core.models.base import StyleGenerator, noise
from core.models.diffusion import STEPS, LatentDiffusion
from core.models.gan.space import GanGenerator
from core.registry import Loaded, Registry
from core.services.queue import Turn, turn

MODES = {
    "w": "Straight in W",
    "z": "On the sphere in Z",
    "noise": "Through diffusion noise",
}
BATCH = 8
INVERSION = 24  # steps to the noise of an upload and back: more than sampling takes

Report = Callable[[float], object]


@dataclass(frozen=True)
class End:
    """One end of a film.

    Attributes:
        class_id: its class.
        seed: of its code or noise, unless one of the others is given.
        code: (layers, w_dim) of an inverted upload, for a way through W.
        pixels: an upload itself, (H, W) or (H, W, 3), for a way through noise.
    """

    class_id: str
    seed: int = 0
    code: np.ndarray | None = None
    pixels: np.ndarray | None = None


@dataclass(frozen=True)
class Film:
    """Images from one end to the other.

    Attributes:
        frames: (n, S, S, C) uint8; texture that the autoencoder draws has the same noise in all.
        mode: key of `MODES`.
        length: way through the in-domain features, the sum of the steps (perceptual path length);
            None without an encoder.
        straight: distance of the ends there; the length is never below it.
        errors: mean absolute difference of either end to its upload, in shares of the grey range;
            None where the end was drawn from a seed.
    """

    frames: np.ndarray
    mode: str
    length: float | None
    straight: float | None
    errors: tuple[float | None, float | None]


def modes_of(registry: Registry, card: Card) -> list[str]:
    """The ways between two images that a generator offers, best first."""
    module = registry.get(card.id).module
    if isinstance(module, LatentDiffusion):
        return ["noise"]
    if isinstance(module, StyleGenerator):
        return ["w", "z"]
    return ["z"] if isinstance(module, GanGenerator) else []


def film(
    registry: Registry,
    model: str,
    ends: tuple[End, End],
    mode: str,
    frames: int = 9,
    progress: Report | None = None,
) -> Film:
    """Draw the images between two ends, both included.

    Args:
        registry: holds the generator.
        model: id of a generator.
        ends: where to start and to arrive.
        mode: one of `modes_of`.
        frames: at least two.
        progress: told the share done.

    Raises:
        SynthLensError: the generator does not offer this way, or an end does not fit it.
        CancelledError: cancelled, or while waiting for a turn.
    """
    loaded = registry.get(model)
    if mode not in modes_of(registry, loaded.card):
        raise SynthLensError(f"{loaded.card.title} offers no way '{MODES.get(mode, mode)}'.")
    if frames < 2:
        raise SynthLensError("Ask for at least two frames.")
    with turn() as own, loaded.lock, torch.inference_mode():
        images = _WAYS[mode](loaded, ends, frames, _beating(own, progress))
        errors = tuple(_error(loaded, end, images[i]) for end, i in zip(ends, (0, -1)))
        pixels = loaded.card.preprocess().denormalise(images)
        length, straight = _lengths(registry, loaded, images)
    return Film(pixels, mode, length, straight, errors)  # type: ignore[arg-type]


def _beating(own: Turn, progress: Report | None) -> Callable[[float, Any], None]:
    def report(share: float, preview: Any) -> None:
        own.beat()
        if progress:
            progress(share)

    return report


def _label(loaded: Loaded, end: End) -> int:
    if end.class_id not in loaded.card.classes:
        raise SynthLensError(f"{loaded.card.title} does not know the class '{end.class_id}'.")
    return loaded.card.classes.index(end.class_id)


def _z(loaded: Loaded, end: End) -> torch.Tensor:
    generator: Any = loaded.module
    return noise((generator.z_dim,), [end.seed]).to(loaded.device)


def _through_w(loaded: Loaded, ends: tuple[End, End], n: int, report: Any) -> torch.Tensor:
    generator: Any = loaded.module
    codes = []
    for end in ends:
        if end.code is not None:
            codes.append(torch.from_numpy(end.code).to(loaded.device))
        else:
            label = torch.tensor([_label(loaded, end)], device=loaded.device)
            codes.append(generator.map(_z(loaded, end), label)[0])
    return _drawn(generator.synthesise, path(codes[0], codes[1], n, lerp), report)


def _through_z(loaded: Loaded, ends: tuple[End, End], n: int, report: Any) -> torch.Tensor:
    """Codes on the great circle; between classes what each draws is blended on the way."""
    if any(end.code is not None or end.pixels is not None for end in ends):
        raise SynthLensError("An upload has no code in Z; choose another way.")
    generator: Any = loaded.module
    line = path(_z(loaded, ends[0])[0], _z(loaded, ends[1])[0], n, slerp)
    style = isinstance(generator, StyleGenerator)
    draw = generator.map if style else generator.grid
    labels = [torch.full((n,), _label(loaded, end), device=line.device) for end in ends]
    drawn = [draw(line, label) for label in labels]
    share = torch.linspace(0, 1, n, device=line.device).view(-1, *[1] * (drawn[0].dim() - 1))
    mixed = drawn[0] if torch.equal(*labels) else torch.lerp(drawn[0], drawn[1], share)
    return _drawn(generator.synthesise if style else generator.to_image, mixed, report)


def _drawn(decode: Callable[[torch.Tensor], torch.Tensor], line: torch.Tensor, report: Any) -> Any:
    parts = []
    for part in line.split(BATCH):
        parts.append(decode(part))
        report(min(1.0, len(parts) * BATCH / len(line)), None)
    return torch.cat(parts)


def _through_noise(loaded: Loaded, ends: tuple[End, End], n: int, report: Any) -> torch.Tensor:
    model: Any = loaded.module
    classes = (_label(loaded, ends[0]), _label(loaded, ends[1]))
    side = model.latent[1]
    noises, inverted = [], False
    for end, label in zip(ends, classes):
        if end.pixels is None:
            noises.append(noise((model.latent[0], side, side), [end.seed]).to(loaded.device))
            continue
        image = loaded.card.preprocess()(end.pixels).to(loaded.device)
        labels = torch.tensor([label], device=loaded.device)
        noises.append(model.invert(image, labels, INVERSION))
        inverted = True
        report(0.0, None)
    # unguided where an image was inverted: the way there and the way back are then the same
    guidance, steps = (1.0, INVERSION) if inverted else (model.guidance, STEPS)
    ends_ = (noises[0], noises[1])
    return through_noise(model, ends_, classes, n, steps, guidance, report)


_WAYS = {"w": _through_w, "z": _through_z, "noise": _through_noise}


def _error(loaded: Loaded, end: End, image: torch.Tensor) -> float | None:
    if end.pixels is None:
        return None
    wanted = loaded.card.preprocess()(end.pixels).to(image)
    return float((image - wanted[0]).abs().mean() / 2)  # the normalised range is 2 wide


def _lengths(
    registry: Registry, loaded: Loaded, images: torch.Tensor
) -> tuple[float | None, float | None]:
    try:
        encoder: Any = find_encoder(registry, loaded.card.domain).module
    except CheckpointError:
        return None, None
    ends = torch.stack([images[0], images[-1]])
    return path_length(images, encoder.features), path_length(ends, encoder.features)
