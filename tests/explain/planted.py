"""Small models for which one known patch decides the class, and images to explain.

The rest of the image is multiplied by zero in front of the network: whatever a map shows there is
wrong. The networks are trained to answer with the patch's brightness, so that their inner layers
carry the evidence as well and no score is saturated.
"""

import hashlib
import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file
from torch import nn

import core.models  # noqa: F401  (registers every family)
from core.cards import Card
from core.explain import base
from core.explain.explainable import Explainable, explainable
from core.explain.prepare import prepared
from core.models.base import Classifier, build
from core.preprocessing import Preprocessing

SIDES = {"cnn": 32, "resnet": 64, "vit": 32, "detector": 64, "critic": 32, "dcgan critic": 64}
CONFIGS = {
    "cnn": {"size": 32, "widths": (8, 16, 16), "dense": 16},
    "resnet": {"width": 8, "blocks": (1, 1, 1, 1), "pool": False, "last_stride": 1},
    "vit": {"size": 32, "patch": 4, "dim": 32, "depth": 2, "heads": 2, "drop_path": 0.0},
    "detector": {"size": 64, "width": 8, "dropout": 0.0},
    "critic": {"kind": "stylegan2", "grid_channels": 1, "widths": (32, 16, 16, 8)},
    "dcgan critic": {"kind": "dcgan", "grid_channels": 1, "size": 64, "dropout": 0.0},
}
TASKS = {"detector": "detector", "critic": "critic", "dcgan critic": "critic"}
LABELS = ("dark", "bright")
STRENGTH = 0.3


def patch(side: int) -> tuple[slice, slice]:
    """Rows and columns of the patch: the upper right quarter."""
    return slice(0, side // 2), slice(side // 2, side)


def images(
    n: int, seed: int, least: float = 0.1, side: int = 32
) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise everywhere, and a patch darker or brighter than it by at least `least`.

    Parts of the patch are missing at random, so that every part counts.

    Returns:
        (n, 1, side, side) and labels (n,), 1 for bright.
    """
    random = torch.Generator().manual_seed(seed)
    x = 0.3 * torch.randn(n, 1, side, side, generator=random)
    labels = torch.arange(n) % 2
    strength = least + (1 - least) * torch.rand(n, 1, 1, generator=random)
    there = torch.rand(n, 4, 4, generator=random) < max(0.5, least)
    step = strength * there.repeat_interleave(side // 8, 1).repeat_interleave(side // 8, 2)
    x[:, 0, *patch(side)] += (2.0 * labels - 1)[:, None, None] * step
    return x.clamp(-1, 1), labels


class Planted(Classifier):
    """A network that sees nothing but the patch."""

    def __init__(self, net, side):
        super().__init__()
        self.net = net
        mask = torch.zeros(1, 1, side, side)
        mask[:, :, *patch(side)] = 1
        self.register_buffer("mask", mask)

    def forward(self, x):
        return self.net(x * self.mask)

    def cam_layer(self):
        return self.net.cam_layer()

    def cam_grid(self, activation):
        return self.net.cam_grid(activation)


def _config(family: str) -> dict[str, object]:
    given = {"channels": 1, "classes": 2, **CONFIGS[family]}
    if family == "detector":  # it always has two outputs
        del given["classes"]
    return given


def _untrained(family: str) -> Planted:
    net = build(family.split()[-1], _config(family), lambda _: None)
    if family == "vit":  # a token of the patch without evidence is one from outside
        net.net.encoder.pos_embedding.requires_grad_(False).zero_()
    return Planted(net, SIDES[family])


@cache
def module(family: str) -> nn.Module:
    """A trained model of a family; it must not be changed.

    Kept among temporary files, for the other test processes and the next run, under a name that
    changes with the code that makes it.
    """
    folder = Path(tempfile.gettempdir()) / f"synthlens-planted-{_mark()}"
    folder.mkdir(exist_ok=True)
    kept = folder / f"{family}.safetensors"
    with FileLock(kept.with_suffix(".lock")):
        if kept.exists():
            found = _untrained(family)
            found.load_state_dict(load_file(kept))
        else:
            found = _trained(family)
            save_file({k: v.clone() for k, v in found.state_dict().items()}, kept)
    return found.eval().requires_grad_(False)


@cache
def _mark() -> str:
    root = Path(__file__).parents[2] / "core" / "models"
    code = b"".join(p.read_bytes() for p in [Path(__file__), *sorted(root.glob("*.py"))])
    return hashlib.sha256(code + torch.__version__.encode()).hexdigest()[:12]


def _trained(family: str) -> nn.Module:
    side = SIDES[family]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = _untrained(family).train()
        optimiser = torch.optim.AdamW(found.parameters(), lr=3e-3, weight_decay=0.05)
        for step in range(120 if family in TASKS else 50):
            x, _ = images(16, step, side=side)
            level = 4 * x[:, 0, *patch(side)].mean((1, 2))
            nn.functional.mse_loss(found(x), torch.stack([-level, level], 1)).backward()
            optimiser.step()
            optimiser.zero_grad()
    return found


def model(family: str, target: int = 1) -> Explainable:
    """The trained model, ready to be explained."""
    return _explained(family, module(family), target)


def doubled(family: str) -> Explainable:
    """The trained model in double precision, on weights of its own."""
    return _explained(family, deepcopy(module(family)).double())


def methods(family: str) -> list[str]:
    """Methods that can explain a family; nothing is trained to find out."""
    return list(base.methods(_explained(family, _untrained(family).eval().requires_grad_(False))))


def _explained(family: str, trained: nn.Module, target: int = 1) -> Explainable:
    recipe = Preprocessing(size=SIDES[family]).to_dict()
    task = TASKS.get(family, "classifier")
    card = Card(f"toy/{family}", "toy", task, family, family, {}, list(LABELS), recipe)
    scored = explainable(card, trained).towards(LABELS[target])
    return prepared(scored)


def bright(side: int = 32, seed: int = 100) -> torch.Tensor:
    """One image whose patch is a little brighter, (1, 1, side, side)."""
    random = torch.Generator().manual_seed(seed)
    x = 0.15 * torch.randn(1, 1, side, side, generator=random)
    x[:, 0, *patch(side)] += STRENGTH
    return x.clamp(-1, 1)


def share_in_patch(values: np.ndarray, top: float = 0.05) -> float:
    """Share of a map's strongest pixels that lie in the patch."""
    strongest = np.zeros(values.size, bool)
    strongest[np.argsort(values, axis=None, kind="stable")[-round(top * values.size) :]] = True
    return float(strongest.reshape(values.shape)[patch(len(values))].sum() / strongest.sum())
