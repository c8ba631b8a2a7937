"""Which device models run on, and what to tell people about it."""

from __future__ import annotations

import os

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
