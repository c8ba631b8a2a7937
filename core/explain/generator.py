"""Which latent and which spatial features made a region: gradients through a GAN's generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from core import domains
from core.explain.explainable import Explainable, ExplainError, with_shared_weights
from core.explain.service import open_model
from core.models.base import StyleGenerator, noise
from core.models.gan.space import GanGenerator
from core.preprocessing import resized
from core.registry import Registry
from core.services.queue import turn

Score = Callable[[torch.Tensor], torch.Tensor]
"""Normalised images (1, C, S, S) to one number."""


@dataclass(frozen=True)
class GeneratorExplanation:
    """What made a generated image score as it does.

    Attributes:
        pixels: the image, (S, S, C) uint8.
        score: the explained number.
        w: gradient times deviation of w from its mean, (layers, w_dim): what each coordinate
            adds to the score, to first order; (0, 0) for generators without W.
        z: gradient with respect to the noise z, (z_dim,).
        layers: gradient times activation of every convolution, summed over channels, by the
            layer's name: (h, w) float32, signed, from coarse to fine.
    """

    pixels: np.ndarray
    score: float
    w: np.ndarray
    z: np.ndarray
    layers: dict[str, np.ndarray]

    @property
    def share_by_layer(self) -> np.ndarray:
        """Share of the absolute attribution to w that each layer's style carries, (layers,)."""
        total = np.abs(self.w).sum(1)
        return total / max(float(total.sum()), 1e-12)


def region_mean(box: tuple[float, float, float, float]) -> Score:
    """Mean intensity of a box (top, left, bottom, right), in shares of the side.

    Raises:
        ExplainError: the box is empty or leaves the image.
    """
    top, left, bottom, right = box
    if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
        raise ExplainError("Choose a region inside the image with some width and height.")

    def score(images: torch.Tensor) -> torch.Tensor:
        side = images.shape[-1]
        rows = slice(int(top * side), max(int(top * side) + 1, round(bottom * side)))
        columns = slice(int(left * side), max(int(left * side) + 1, round(right * side)))
        return images[..., rows, columns].mean()

    return score


def model_score(model: Explainable) -> Score:
    """A classifier's, detector's or critic's score; images are resized to its input."""
    side = model.preprocessing.size

    def score(images: torch.Tensor) -> torch.Tensor:
        return model(resized(images, side)).sum()

    return score


def attribute(
    generator: StyleGenerator | GanGenerator, label: int, seed: int, score: Score, mean_of: int = 64
) -> tuple[torch.Tensor, GeneratorExplanation]:
    """Attribute a score of one generated image to w, z and layer activations.

    Args:
        generator: private to the caller: hooks are attached, and removed on every way out.
        label: class id.
        seed: of the image.
        score: what is explained.
        mean_of: codes whose mean w the deviation is measured from.

    Returns:
        The image (1, C, S, S), and its explanation but for the pixels (left empty).
    """
    device = next(generator.parameters()).device
    labels = torch.tensor([label], device=device)
    z_dim = int(generator.z_dim)  # type: ignore[arg-type]
    z = noise((z_dim,), [seed]).to(device).requires_grad_()
    w = centre = z.new_zeros(1, 0, 0, requires_grad=True)
    kept: dict[str, torch.Tensor] = {}
    handles = []
    try:
        for name, layer in generator.named_modules():
            if "conv" in type(layer).__name__.lower():
                handles.append(layer.register_forward_hook(_keeper(kept, name)))
        with torch.enable_grad():
            if isinstance(generator, StyleGenerator):
                centre = _mean_w(generator, labels, z_dim, mean_of)
                w = generator.map(z, labels).contiguous()
                kept.clear()  # what the mapping of other codes left
                image = generator.synthesise(w)
            else:
                image = generator.to_image(generator.grid(z, labels))
            value = score(image)
            wanted = [z, w, *kept.values()]
            grads = torch.autograd.grad(value, wanted, allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
    maps = {
        name: (grad * kept[name]).sum(1)[0].detach().float().cpu().numpy()
        for name, grad in zip(kept, grads[2:])
        if grad is not None
    }
    direction = grads[1] if grads[1] is not None else torch.zeros_like(w)
    own = grads[0] if grads[0] is not None else torch.zeros_like(z)
    change = (direction * (w - centre))[0].detach().float().cpu().numpy()
    found = GeneratorExplanation(
        np.empty(0), float(value.detach()), change, own[0].float().cpu().numpy(), maps
    )
    return image.detach(), found


@torch.no_grad()
def _mean_w(generator: StyleGenerator, labels: torch.Tensor, z_dim: int, n: int) -> torch.Tensor:
    """Mean w of a class over n codes, (1, layers, w_dim)."""
    others = noise((z_dim,), list(range(n))).to(labels.device)
    return generator.map(others, labels.expand(n)).mean(0, keepdim=True)


def _keeper(kept: dict[str, torch.Tensor], name: str) -> Callable[..., None]:
    def keep(layer: nn.Module, args: object, output: torch.Tensor) -> None:
        if output.ndim == 4 and output.requires_grad:
            kept[name] = output

    return keep


def explain_generator(
    registry: Registry,
    model: str,
    label: str,
    seed: int,
    region: tuple[float, float, float, float] | None = None,
    scorer: str | None = None,
    target: str | None = None,
) -> GeneratorExplanation:
    """Explain one generated image by the generator that drew it.

    Args:
        registry: where the models are.
        model: a GAN's generator, with a W space or without.
        label: class id.
        seed: of the image.
        region: explain this box's mean intensity (top, left, bottom, right in shares of the side).
        scorer: or explain this classifier's, detector's or critic's score.
        target: output of the scorer.

    Raises:
        ExplainError: the generator is no GAN's, or neither region nor scorer was given.
        KeyError: no such class.
    """
    with registry.locked(model) as loaded:
        if not isinstance(loaded.module, StyleGenerator | GanGenerator):
            raise ExplainError(f"{loaded.card.title} draws from no code: choose a GAN.")
        generator = with_shared_weights(loaded.module)
    assert isinstance(generator, StyleGenerator | GanGenerator)
    card = registry.card(model)
    if scorer is not None:
        score = model_score(open_model(registry, scorer).towards(target))
    elif region is not None:
        score = region_mean(region)
    else:
        raise ExplainError("Choose a region of the image or a model whose score to explain.")
    class_id = domains.get(card.domain).members(label)[0]
    with turn():
        image, found = attribute(generator, card.classes.index(class_id), seed, score)
    pixels = card.preprocess().denormalise(image)[0]
    return GeneratorExplanation(pixels, found.score, found.w, found.z, found.layers)
