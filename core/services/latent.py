"""Latent edits for pages: codes and images as arrays, directions by id, no tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from core.cards import Card
from core.errors import CheckpointError, SynthLensError
from core.latent.directions import Direction, apply, load_directions, scaled
from core.latent.mixing import layer_groups, mix
from core.latent.pca import components, sample_codes
from core.latent.sensitivity import by_layer, sensitivity
from core.models.base import StyleGenerator, noise
from core.models.gan.stylegan2 import StyleGAN2
from core.registry import Loaded, Registry
from core.services.defaults import choose, generator_rank
from core.services.queue import turn

UNMEASURED = 4  # principal components offered where no measured directions are shipped
_CODES = 64  # codes per class that they are found from


@dataclass(frozen=True)
class Handle:
    """One slider: a direction in W and what it measurably does.

    Attributes:
        id: stable id, for URLs.
        name: display name; says so where the effect was never measured.
        effects: rows of the shipped table, empty where there is none.
        identity: distance of the moved image from its start, as the table holds it.
        n: latents the effects were measured on.
        vector: the direction itself, for this module only.
    """

    id: str
    name: str
    vector: Direction
    effects: list[dict[str, Any]] = field(default_factory=list)
    n: int = 0
    identity: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """The image that an edit starts from.

    Attributes:
        model: id of a style-based generator.
        class_id: one of its classes.
        seed: of its code.
        mixed: layer groups ("coarse", "middle", "fine") whose styles are another image's.
        mix_seed: of that image, of the same class.
    """

    model: str
    class_id: str
    seed: int
    mixed: tuple[str, ...] = ()
    mix_seed: int = 0


def has_styles(registry: Registry, card: Card) -> bool:
    """Whether a generator has an intermediate space W to edit in."""
    return isinstance(registry.get(card.id).module, StyleGenerator)


def style_model(registry: Registry, domain: str, model: str | None) -> Card:
    """The named generator, or the domain's first one with a W space.

    Raises:
        CheckpointError: no such model, or none with a W space.
    """
    if model is not None:
        return choose(registry, domain, "generator", model)
    found = [c for c in registry.cards(domain, "generator") if c.family == "stylegan2"]
    if not found:
        raise CheckpointError(
            f"There is no style-based generator for {domain}; train one with "
            f"'python -m core train gan --domain {domain} …'."
        )
    return max(found, key=lambda c: generator_rank(registry, c))


def handles(registry: Registry, model: str) -> list[Handle]:
    """The directions shipped with a generator, or principal components found here.

    Raises:
        CheckpointError: damaged files.
    """
    folder = registry.folder(model)
    table_path = folder / "effects.json"
    table = json.loads(table_path.read_text()) if table_path.exists() else {}
    found = load_directions(folder) or _principal(registry.get(model))
    return [
        Handle(
            d.id,
            d.name or f"{d.id} (effect not measured)",
            d,
            table.get(d.id, {}).get("effects", []),
            int(table.get(d.id, {}).get("n", 0)),
            table.get(d.id, {}).get("identity", {}),
        )
        for d in found
    ]


def _principal(loaded: Loaded) -> list[Direction]:
    generator: Any = loaded.module
    with loaded.lock:
        codes = sample_codes(generator, generator.z_dim, len(loaded.card.classes), _CODES)
    parts = components(codes, min(UNMEASURED, codes.w.shape[1]))
    found = [Direction(f"pca-{i + 1}", "pca", "", v) for i, v in enumerate(parts.directions)]
    return [scaled(d, codes.w, codes.labels) for d in found]


def groups_of(registry: Registry, model: str) -> list[str]:
    """The layer groups of a generator whose styles can be mixed, coarse to fine."""
    generator: Any = registry.get(model).module
    return list(layer_groups(generator.num_layers))


def code(registry: Registry, origin: Origin) -> np.ndarray:
    """The styles of an origin, one w per layer, (layers, w_dim) float32.

    Raises:
        SynthLensError: the generator does not know the class.
    """
    loaded = registry.get(origin.model)
    generator: Any = loaded.module
    if origin.class_id not in loaded.card.classes:
        raise SynthLensError(f"{loaded.card.title} does not know the class '{origin.class_id}'.")
    with loaded.lock:
        w = _mapped(loaded, origin.class_id, origin.seed)
        if origin.mixed:
            groups = layer_groups(generator.num_layers)
            layers = tuple(i for name in origin.mixed for i in groups.get(name, ()))
            w = mix(w, _mapped(loaded, origin.class_id, origin.mix_seed), layers)
    return w[0].float().cpu().numpy()


def draw(
    registry: Registry,
    model: str,
    styles: np.ndarray,
    moves: list[tuple[Handle, float]] | None = None,
    seed: int | None = None,
) -> np.ndarray:
    """One image from its styles, moved along directions: (S, S, C) uint8.

    Args:
        registry: where the generator is.
        model: id of a style-based generator.
        styles: as `code` or an inversion gives, (layers, w_dim).
        moves: directions and amounts, in standard deviations of W.
        seed: of the autoencoder's texture, if any; that of `generate` is the image's own.
    """
    loaded = registry.get(model)
    with loaded.lock, torch.inference_mode():
        w = torch.from_numpy(styles)[None].to(loaded.device)
        return _pixels(loaded, apply(w, [(h.vector, a) for h, a in moves or []]), seed)[0]


def render(
    registry: Registry,
    model: str,
    class_id: str,
    seed: int,
    moves: list[tuple[Handle, float]] | None = None,
) -> np.ndarray:
    """One image of a class and seed, moved along directions; see `draw`.

    Without moves the image is the one that `generate` draws.
    """
    return draw(registry, model, code(registry, Origin(model, class_id, seed)), moves, seed)


@dataclass(frozen=True)
class Sensitivity:
    """Where and how much an image reacts to its latent.

    Attributes:
        total: (S, S), root sum of squares over the directions, per standard deviation.
        ranking: direction ids with the mean change of a pixel, strongest first.
        layers: (layers, S, S) of the strongest direction, one layer moved at a time.
        strongest: its id.
    """

    total: np.ndarray
    ranking: list[tuple[str, float]]
    layers: np.ndarray
    strongest: str


def sensitivities(
    registry: Registry, model: str, styles: np.ndarray, found: list[Handle], focus: str = ""
) -> Sensitivity:
    """How an image reacts to directions, by central differences of half a deviation.

    Args:
        registry: where the generator is.
        model: id of a style-based generator.
        styles: of the image, (layers, w_dim).
        found: the directions.
        focus: id of the direction to show by layer; the strongest one by default.

    Raises:
        SynthLensError: no directions.
    """
    if not found:
        raise SynthLensError("Choose at least one direction.")
    loaded = registry.get(model)
    generator: Any = loaded.module
    with turn() as own, loaded.lock, torch.inference_mode():
        w = torch.from_numpy(styles)[None].to(loaded.device)
        maps = {}
        for handle in found:
            own.beat()
            maps[handle.id] = sensitivity(generator, w, handle.vector)
        ranked = sorted(((k, float(m.mean())) for k, m in maps.items()), key=lambda p: -p[1])
        chosen = focus if focus in maps else ranked[0][0]
        layers = by_layer(generator, w, next(h.vector for h in found if h.id == chosen))
        total = torch.stack(list(maps.values())).square().sum(0).sqrt()
    return Sensitivity(total.float().cpu().numpy(), ranked, layers.float().cpu().numpy(), chosen)


def _mapped(loaded: Loaded, class_id: str, seed: int) -> torch.Tensor:
    generator: Any = loaded.module
    label = torch.tensor([loaded.card.classes.index(class_id)], device=loaded.device)
    with torch.no_grad():
        return generator.map(noise((generator.z_dim,), [seed]).to(loaded.device), label)


def _pixels(loaded: Loaded, w: torch.Tensor, seed: int | None) -> np.ndarray:
    generator: Any = loaded.module
    options = (
        {"seeds": [seed] * len(w)} if seed is not None and isinstance(generator, StyleGAN2) else {}
    )
    return loaded.card.preprocess().denormalise(generator.synthesise(w, **options))
