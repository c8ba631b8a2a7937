"""When a device's memory does not suffice: smaller batches first, then the CPU."""

from __future__ import annotations

import copy
import ctypes
import gc
import sys
from collections.abc import Callable

import torch
from torch import nn

from core.errors import SynthLensError

SMALLER = "Memory was short: worked in batches of {size}."
ON_CPU = "The GPU's memory was too small: worked on the CPU, which is slower."


def short_of_memory(error: RuntimeError) -> bool:
    """GPUs raise a class of their own, the CPU's allocator a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def relieve(device: torch.device) -> None:
    """Give memory that nobody uses any more back to the device."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def trim() -> None:
    """Give freed memory back to the system, which glibc otherwise keeps for each thread."""
    if sys.platform == "linux":
        give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if give_back is not None:
            give_back(0)


def on_cpu(module: nn.Module) -> nn.Module:
    """A copy on the CPU that needs no room on the module's own, full device."""
    memo: dict[int, torch.Tensor] = {
        id(p): nn.Parameter(p.detach().to("cpu", copy=True), p.requires_grad)
        for p in module.parameters()
    }
    memo |= {id(b): b.detach().to("cpu", copy=True) for b in module.buffers()}
    return copy.deepcopy(module, memo)


def forward(
    module: nn.Module,
    x: torch.Tensor,
    batch: int,
    say: Callable[[str], None],
) -> torch.Tensor:
    """Outputs of a module for x (N, C, S, S) on its own device, as float32 on the CPU.

    Where memory is short the batch is halved down to one image, then a copy of the module works
    on the CPU; `say` is told.

    Raises:
        SynthLensError: not even one image fits into the CPU's memory.
    """
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    rows: list[torch.Tensor] = []
    done = 0
    while done < len(x):
        try:
            rows.append(module(x[done : done + batch].to(device)).float().cpu())
            done += batch
        except RuntimeError as error:
            if not short_of_memory(error):
                raise
            relieve(device)
            if batch > 1:
                batch //= 2
                say(SMALLER.format(size=batch))
            elif device.type == "cpu":
                raise SynthLensError("There is not enough memory to work on even one image.") from (
                    None
                )
            else:
                module, device = on_cpu(module), torch.device("cpu")
                say(ON_CPU)
    return torch.cat(rows)
