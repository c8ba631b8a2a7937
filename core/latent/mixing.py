"""Style mixing: coarse styles of one image, fine styles of another."""

from __future__ import annotations

import torch

GROUPS = ("coarse", "middle", "fine")


def layer_groups(num_layers: int) -> dict[str, tuple[int, ...]]:
    """Split a generator's layers into coarse, middle and fine, as equally as it goes.

    Empty groups are left out (a generator of one layer is coarse only).
    """
    bounds = [round(i * num_layers / len(GROUPS)) for i in range(len(GROUPS) + 1)]
    found = {name: tuple(range(low, high)) for name, low, high in zip(GROUPS, bounds, bounds[1:])}
    return {name: layers for name, layers in found.items() if layers}


def mix(w: torch.Tensor, styles: torch.Tensor, layers: tuple[int, ...]) -> torch.Tensor:
    """Replace the given layers of `w` by those of `styles` (Karras et al. 2019, sec. 3.1).

    Args:
        w, styles: (N, layers, w_dim).
        layers: which to take from `styles`.
    """
    mixed = w.clone()
    mixed[:, list(layers)] = styles[:, list(layers)]
    return mixed
