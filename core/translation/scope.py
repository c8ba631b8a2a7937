"""Is an upload a slice that a translator knows? The scope of `core.scope`, fitted to slices."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from core.errors import CheckpointError
from core.evaluate.features import encoded, find_encoder
from core.evaluate.foreign import foreign_images
from core.image_statistics import chroma, statistics
from core.preprocessing import Preprocessing
from core.registry import Registry
from core.scope import Scope, ScopeDecision, colour, register_file
from core.training.translation_data import affine, stack, warped
from core.translation.head import MODALITIES, prepare
from core.translation.slices import Slices

DOMAIN = "brain_mri"
NAMES = {"mri": "T2-weighted MRI slices of the head", "ct": "CT slices of the head"}
FOREIGN = 20  # images of each other kind that the limit is set with
LEAST_HEAD = 0.04  # of the picture: less is no slice through a head
MOST_COLOUR = 0.04  # mean distance of the colour channels


def file_name(modality: str) -> str:
    """Name of a modality's scope file beside a translator."""
    return f"scope-{modality}.safetensors"


def measure(registry: Registry, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Encoder features and image statistics of prepared slices, (N, S, S) uint8."""
    encoder = find_encoder(registry, DOMAIN)
    own = Preprocessing(size=128, channels=1)
    small = np.stack([own.pixels(p) for p in pixels])
    return encoded(encoder, small), statistics(small)


def encoder_digest(registry: Registry) -> str:
    """Which encoder the distances are measured by."""
    card = find_encoder(registry, DOMAIN).card
    return "".join(sorted(card.files.values()))[:16] if card.files else card.id


def fit(registry: Registry, model_id: str, slices: Slices) -> dict[str, dict[str, object]]:
    """Fit both scopes to warped training slices, beside the translator.

    The limit is the geometric mean of what 99 % of held-out slices stay below and of what 99 % of
    images of other things stay above: the held-out people come from the same few scanners as the
    training ones, and slices of a further scanner need some room.

    Returns:
        By modality: limit, and the numbers behind it.
    """
    found: dict[str, dict[str, object]] = {}
    others = [i for kind in foreign_images(1, FOREIGN).values() for i in kind]
    for modality in MODALITIES:
        train, held = _warped(slices, modality), _held_out(slices, modality)
        fitted = Scope.fit(measure(registry, train), measure(registry, held))
        foreign = np.stack([prepare(i, modality, slices.size)[0] for i in others])
        nearest = float(np.quantile(fitted.distance(*measure(registry, foreign)), 0.01))
        limit = float(np.sqrt(fitted.limit * max(nearest, fitted.limit)))
        path = registry.folder(model_id) / file_name(modality)
        replace(fitted, limit=limit).save(path)
        found[modality] = {
            "limit": limit,
            "held_out_99": fitted.limit,
            "foreign_1": nearest,
            "n": len(train),
            "n_held_out": len(held),
            "encoder": encoder_digest(registry),
        }
        topic = {"scope": {modality: found[modality]}}
        register_file(registry, registry.card(model_id), path, topic)
    return found


def _warped(slices: Slices, modality: str, copies: int = 2, most: int = 600) -> np.ndarray:
    """Training slices, rotated, scaled and mirrored: an upload need not lie as they do."""
    train = np.flatnonzero(getattr(slices, f"{modality}_split") == "train")
    train = train[:: max(1, len(train) // most)]
    images, masks = getattr(slices, modality)[train], getattr(slices, f"{modality}_mask")[train]
    x = stack(images, masks, torch.device("cpu")).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = [warped(x, affine(len(x), x.device))[:, 0].round().byte() for _ in range(copies)]
    return torch.cat(made).numpy()


def _held_out(slices: Slices, modality: str) -> np.ndarray:
    split = getattr(slices, f"{modality}_split")
    aligned = getattr(slices, f"pair_{modality}")[slices.cases(None)["val"]]
    return np.concatenate([getattr(slices, modality)[split == "val"], aligned])


@lru_cache(maxsize=16)
def _read(path: Path, modified_ns: int) -> Scope:
    return Scope.load(path)


def decide(
    registry: Registry, model_id: str, images: list[np.ndarray], modality: str, size: int
) -> list[ScopeDecision]:
    """Whether images are slices that a translator knows.

    Args:
        registry: holds the translator and the encoder.
        model_id: the translator.
        images: each (H, W) or (H, W, 3), float in [0, 1] or uint8.
        modality: "mri" or "ct": what each image is said to be.
        size: the translator's side in pixels.

    Raises:
        CheckpointError: no scope was fitted, or it was fitted to another encoder.
    """
    shares = {m: _distances(registry, model_id, images, m, size) for m in MODALITIES}
    limit = shares[modality][1]
    found = []
    for k, image in enumerate(images):
        nearest = min(MODALITIES, key=lambda m: shares[m][0][k] / shares[m][1])
        mask = prepare(image, modality, size)[1]
        distance = float(shares[modality][0][k])
        found.append(_decision(image, float(mask.mean()), distance, limit, modality, nearest))
    return found


def _distances(
    registry: Registry, model_id: str, images: list[np.ndarray], modality: str, size: int
) -> tuple[np.ndarray, float]:
    known = registry.card(model_id).calibration.get("scope", {}).get(modality)
    path = registry.folder(model_id) / file_name(modality)
    if known is None or not path.exists() or known["encoder"] != encoder_digest(registry):
        raise CheckpointError(
            f"What {model_id} can translate was not measured with the present encoder; run "
            "'python -m core evaluate translator --domain brain_mri --data …'."
        )
    fitted = _read(path, path.stat().st_mtime_ns)
    prepared = np.stack([prepare(i, modality, size)[0] for i in images])
    return fitted.distance(*measure(registry, prepared)), fitted.limit


def _decision(
    image: np.ndarray, head: float, distance: float, limit: float, modality: str, nearest: str
) -> ScopeDecision:
    figures = f"(distance {distance:.2f}, limit {limit:.2f})"
    inside = False
    if image.ndim == 3 and float(chroma(colour(image, 128)[None])[0]) > MOST_COLOUR:
        message = "The image is in colour; MRI and CT are grey."
    elif head < LEAST_HEAD:
        message = "There is no head on a dark ground in the image."
    elif distance > limit:
        message = f"The image is unlike the {NAMES[modality]} that the model knows {figures}."
    elif nearest != modality:
        message = f"The image is more like the {NAMES[nearest]}: choose the other direction."
    else:
        inside = True
        message = f"The image looks like the {NAMES[modality]} that the model knows {figures}."
    return ScopeDecision(inside, distance, limit, nearest, message)
