"""From a trained module to a checkpoint that the registry can load."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from core.cards import Card, sha256, write_card
from core.registry import ROOT, WEIGHTS
from core.training.parallel import processes
from core.training.run import Run


def half(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Floating-point tensors as contiguous fp16 on the CPU; the rest unchanged.

    Rounded to bfloat16's eight significant bits first, which models are trained in anyway: the
    file then packs a sixth smaller, and history keeps every one.
    """
    return {
        k: (v.detach().bfloat16().half() if v.is_floating_point() else v.detach())
        .cpu()
        .contiguous()
        .clone()
        for k, v in state.items()
    }


def home(card_id: str) -> Path:
    """Where a checkpoint is published."""
    return ROOT / card_id


def publish(run: Run, card: Card, module: nn.Module, root: Path | None = None) -> Card:
    """Write weights (fp16 safetensors), card and training log into `checkpoints/<id>/`.

    Args:
        run: the finished run, whose log is shipped beside the weights.
        card: described so far; file hashes and the parameter count are filled in here.
        module: the trained module; its `state_dict` is what is saved.
        root: the checkpoints folder.

    Returns:
        The card as written.
    """
    if processes().rank:  # the first process writes
        return card
    folder = (root or ROOT) / card.id
    folder.mkdir(parents=True, exist_ok=True)
    state = half(module.state_dict())
    partial = folder / f"{WEIGHTS}.partial"  # a full disk or a kill leaves the old weights whole
    save_file(state, partial)
    partial.replace(folder / WEIGHTS)
    card.files = {**card.files, WEIGHTS: sha256(folder / WEIGHTS)}
    card.parameters = sum(p.numel() for p in module.parameters())
    if run.history.exists():
        shutil.copyfile(run.history, folder / "history.jsonl")
    write_card(card, folder)
    return card
