"""The device helpers."""

import torch
from torch import nn

from core import device


def test_mixed_precision_is_bfloat16_only_where_it_is_fast(monkeypatch):
    layer, x = nn.Linear(8, 8), torch.randn(2, 8)
    for fast, kind in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(device, "_fast_bfloat16", lambda _, fast=fast: fast)
        with device.mixed(torch.device("cpu")):
            assert layer(x).dtype == kind


def test_mixed_precision_ends_with_its_block(monkeypatch):
    monkeypatch.setattr(device, "_fast_bfloat16", lambda _: True)
    with device.mixed(torch.device("cpu")):
        pass
    assert nn.Linear(4, 4)(torch.randn(1, 4)).dtype == torch.float32


def test_the_device_can_be_chosen(monkeypatch):
    monkeypatch.setenv("SYNTHLENS_DEVICE", "meta")
    assert device.best_device() == torch.device("meta")
    assert device.describe(torch.device("cpu")).startswith("CPU, ")
