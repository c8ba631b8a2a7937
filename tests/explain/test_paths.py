"""Mixed precision is used where it changes little; the quick attention changes nothing."""

import pytest
import torch
from torch import nn

from core.explain import paths
from core.explain.baselines import black
from core.explain.explainable import Explainable
from core.explain.paths import Paths, mark
from core.explain.prepare import prepared
from core.explain.quick_attention import QuickAttention, quicken
from core.preprocessing import Preprocessing
from tests.explain import planted


@pytest.fixture
def bfloat16(monkeypatch):
    """As if the hardware gained from bfloat16, whatever it is."""
    monkeypatch.setattr(paths, "mixed", lambda device: torch.autocast(device.type, torch.bfloat16))


class Steep(nn.Module):
    """Rounding its input to eight bits changes which side of many cliffs it is on."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        return torch.sin(3000 * self.conv(x)).mean((2, 3)).repeat(1, 2)


def test_models_that_rounding_harms_keep_full_precision(bfloat16):
    steep = Explainable(Steep(), Preprocessing(size=16), ("a", "b"))
    smooth = Explainable(nn.Sequential(nn.Flatten(), nn.Linear(256, 2)), Preprocessing(size=16),
                         ("a", "b"))  # fmt: skip
    x = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    for model, harmless in ((steep, False), (smooth, True)):
        mark(model, x, black(x, model.preprocessing))
        found = Paths(model.private(), x[:1], x[1:], 4)
        assert found.precision == ("bfloat16" if harmless else "float32")
        assert Paths(model, x[:1], x[1:], 4, exact=True).precision == "float32"


@pytest.mark.parametrize("family", planted.CONFIGS)
def test_mixed_passes_point_the_same_way(family, bfloat16):
    model, x = planted.model(family), planted.bright(planted.SIDES[family])
    at, which = torch.linspace(0, 1, 12), torch.zeros(12, dtype=torch.int64)
    found = Paths(model, x, torch.zeros_like(x), 4, exact=True)
    full = found.gradients(which, at, torch.full((12,), 1 / 12))
    found.low = True
    rough = found.gradients(which, at, torch.full((12,), 1 / 12))
    assert rough.dtype == torch.float32
    assert not torch.equal(full, rough)
    pair = torch.stack([full.flatten(), rough.flatten()])
    assert torch.corrcoef(pair)[0, 1] > 0.97


def test_each_path_sums_its_own_points():
    model, x = planted.model("cnn"), planted.bright()
    starts = torch.cat([torch.zeros_like(x), -torch.ones_like(x)])
    found = Paths(model, x, starts, 3, exact=True)
    which, at = torch.tensor([0, 1, 0, 1, 1]), torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5])
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    together = found.gradients(which, at, weights)
    for start in (0, 1):
        own = which == start
        alone = Paths(model, x, starts[start : start + 1], 3, exact=True)
        expected = alone.gradients(torch.zeros_like(which[own]), at[own], weights[own])
        assert torch.allclose(together[start], expected[0], atol=1e-6)


def test_quick_attention_gives_the_same_numbers_and_gradients():
    torch.manual_seed(0)
    plain = nn.MultiheadAttention(16, 4, batch_first=True).eval().requires_grad_(False)
    x = torch.randn(3, 5, 16, requires_grad=True)
    expected = plain(x, x, x, need_weights=False)[0]
    (slope,) = torch.autograd.grad(expected.square().sum(), x)
    quicken(nn.ModuleList([plain]))
    assert type(plain) is QuickAttention
    found = plain(x, x, x, need_weights=False)[0]
    assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(torch.autograd.grad(found.square().sum(), x)[0], slope, atol=1e-5)
    assert plain(x, x, x)[1].shape == (3, 5, 5)  # who asks for weights gets them


def test_transformers_are_quickened_on_the_copy_alone():
    model = prepared(planted.model("vit"))
    assert any(isinstance(m, QuickAttention) for m in model.module.modules())
    assert not any(isinstance(m, QuickAttention) for m in planted.module("vit").modules())
