"""A small StyleGAN2 in pixel space, untrained: two classes, 16 px."""

import torch

from core.models.base import build

CONFIG = {
    "space": "pixel",
    "channels": 1,
    "classes": 2,
    "size": 16,
    "z_dim": 8,
    "w_dim": 8,
    "widths": [8, 8, 8],
    "encoder_widths": [],
    "mapping": 2,
}


def small_stylegan2(**changes):
    """The same weights every time."""
    torch.manual_seed(0)
    model = build("stylegan2", CONFIG | changes, None)
    model.update_mean(64)
    return model.eval().requires_grad_(False)


def codes(model, n=4, label=0, seed=0):
    """Random w, (n, layers, w_dim)."""
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(n, model.z_dim, generator=draw)
    return model.map(z, torch.full((n,), label)).contiguous()
