"""Which device models run on, and what to tell people about it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import lru_cache

import torch


def best_device() -> torch.device:
    """CUDA where present, else Apple's MPS, else the CPU; `SYNTHLENS_DEVICE` overrides."""
    if wanted := os.environ.get("SYNTHLENS_DEVICE"):
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def describe(device: torch.device) -> str:
    """One line for the device badge: "CPU, 2 threads" or a GPU's name and free memory."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        name = torch.cuda.get_device_name(device)
        return f"{name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
    if device.type == "mps":
        return "Apple GPU (MPS)"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'' if threads == 1 else 's'}"


def mixed(device: torch.device) -> AbstractContextManager[None]:
    """Autocast to bfloat16 where the hardware multiplies it faster than float32, else no change.

    On a CPU that is AVX-512 with BF16 or AMX: 1.7 times the training steps of the diffusion UNet.
    Losses and penalties on gradients belong outside, or in float32.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=_fast_bfloat16(device.type))


@lru_cache(maxsize=4)
def _fast_bfloat16(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_bf16_supported()
    if kind != "cpu":
        return False
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
