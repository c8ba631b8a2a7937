"""The model's first convolution, run once for a whole path of images.

A path method asks for gradients at b + a (x - b) for many a. The first convolution A is affine,
so its output there is A(b) + a (A(x) - A(b)), and the mean of the input gradients is A's
transpose of the mean of the gradients behind it: exact, and the dearest layer of a small network
runs twice instead of a hundred times.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from core.explain.explainable import Explainable, cam_layer

_CACHED = 16 << 20  # bytes of first-layer output per pass, measured on the shipped families


class Valve(nn.Module):
    """A convolution whose output can be given instead of computed."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.given: torch.Tensor | None = None
        self.stop = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution of x, or what was given.

        Raises:
            Stopped: only this layer's output was wanted.
        """
        if self.given is not None:
            return self.given
        out: torch.Tensor = self.inner(x)
        if self.stop:
            raise Stopped(out)
        return out


class Stopped(Exception):
    """Carries the first layer's output out of an unfinished forward pass."""

    def __init__(self, out: torch.Tensor) -> None:
        super().__init__()
        self.out = out


class Stem:
    """A model split behind its `Valve`; a model without one is split before its first layer."""

    def __init__(self, model: Explainable) -> None:
        self.model = model
        self.valve = next((m for m in model.module.modules() if isinstance(m, Valve)), None)

    def batch(self, inner: torch.Tensor, most: int) -> int:
        """Points per pass: on a CPU few enough that the layers' activations stay in its caches.

        Args:
            inner: (N, ...) as `into` returns it.
            most: never more than that.
        """
        fitting = _CACHED // (inner[0].numel() * inner.element_size())
        return most if inner.is_cuda else min(most, max(8, fitting))

    def into(self, x: torch.Tensor) -> torch.Tensor:
        """Images (N, C, S, S) to what lies behind the first layer; affine."""
        if self.valve is None:
            return x
        with self._set(stop=True):
            try:
                self.model(x)
            except Stopped as stopped:
                return stopped.out
        raise RuntimeError("The model does not run its own first layer.")

    def score(self, inner: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """The explained score from behind the first layer, (N,).

        Args:
            inner: (N, ...) as `into` returns it.
            like: an image (1, C, S, S), for its shape alone.
        """
        if self.valve is None:
            return self.model(inner)
        with self._set(given=inner):
            return self.model(like.new_zeros(()).expand(len(inner), *like.shape[1:]))

    def gradients(
        self, inner: torch.Tensor, like: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Gradient of the score with respect to what lies behind the first layer, (N, ...).

        Args:
            inner: (N, ...) as `into` returns it.
            like: as in `score`.
            weights: factor of each gradient, (N,).
        """
        with torch.enable_grad():
            inner = inner.detach().requires_grad_()
            score = (self.score(inner, like).float() * weights).sum()
            (grad,) = torch.autograd.grad(score, inner)
        return grad

    def back(self, grad: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """Gradients behind the first layer, (N, ...), to gradients at the image, (N, C, S, S)."""
        if self.valve is None:
            return grad
        with torch.enable_grad():
            x = like.detach().expand(len(grad), -1, -1, -1).clone().requires_grad_()
            (found,) = torch.autograd.grad(self.into(x), x, grad)
        return found

    @contextlib.contextmanager
    def _set(self, given: torch.Tensor | None = None, stop: bool = False) -> Iterator[None]:
        assert self.valve is not None
        self.valve.given, self.valve.stop = given, stop
        try:
            yield
        finally:
            self.valve.given, self.valve.stop = None, False


@torch.no_grad()
def add_valve(model: Explainable, x: torch.Tensor) -> None:
    """Put a `Valve` around the first convolution, where that changes nothing.

    Left out where the first convolution is the one Grad-CAM reads, is reached by a path that is
    not affine, or is not the only reader of the image.

    Args:
        model: the module is changed in place.
        x: some images to check with, (2, C, S, S).
    """
    seen: list[nn.Module] = []
    convs = [m for m in model.module.modules() if isinstance(m, nn.Conv2d)]
    handles = [m.register_forward_pre_hook(lambda m, args: seen.append(m)) for m in convs]
    try:
        expected = model(x)
    finally:
        for handle in handles:
            handle.remove()
    if not seen or seen.count(seen[0]) > 1 or cam_layer(model.module) is seen[0]:
        return
    _swap(model.module, seen[0], Valve(seen[0]))
    stem = Stem(model)
    a, b = stem.into(x).chunk(2)
    middle = stem.into(x.mean(0, keepdim=True))
    exact = _near(middle, (a + b) / 2) and _near(stem.score(torch.cat([a, b]), x[:1]), expected)
    if not exact:
        _swap(model.module, stem.valve, seen[0])


def _near(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-4 * (1e-3 + b.abs().max()))


def _swap(module: nn.Module, old: nn.Module | None, new: nn.Module) -> None:
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if child is old and parent is not new:
                setattr(parent, name, new)
