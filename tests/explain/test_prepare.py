"""The quick copy of a model answers alike and leaves the original alone."""

import pytest
import torch
from torch import nn

from core.explain.explainable import Explainable, ExplainError, with_shared_weights
from core.explain.prepare import pairs, prepared
from core.explain.stem import Stem, Valve
from core.preprocessing import Preprocessing
from tests.explain import planted


@pytest.mark.parametrize("family", planted.CONFIGS)
def test_same_outputs_with_norms_folded(family):
    module, model = planted.module(family), planted.model(family)
    x = planted.images(4, 7, side=planted.SIDES[family])[0]
    assert torch.allclose(model.module(x), module(x), atol=1e-4)
    assert not list(pairs(model.module))
    assert not any(isinstance(m, Valve) for m in module.modules())


SEVERAL = ("detector", "critic")
"""Families with several layers that read the image."""


@pytest.mark.parametrize("family", [f for f in planted.CONFIGS if f not in SEVERAL])
def test_score_from_behind_the_first_layer(family):
    model = planted.model(family)
    x = planted.images(4, 8, side=planted.SIDES[family])[0]
    stem = Stem(model)
    assert stem.valve is not None
    assert torch.allclose(stem.score(stem.into(x), x[:1]), model(x), atol=1e-5)


@pytest.mark.parametrize("family", SEVERAL)
def test_several_first_layers_have_no_shared_stem(family):
    assert Stem(planted.model(family)).valve is None


class TwoReaders(nn.Module):
    """The image is read twice, so its first convolution must not be shared."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3)) + x.square().mean((1, 2, 3))[:, None]


def test_no_valve_where_the_image_is_read_elsewhere():
    model = prepared(Explainable(TwoReaders(), Preprocessing(size=16), ("a", "b")))
    stem, x = Stem(model), torch.randn(1, 1, 16, 16)
    assert stem.valve is None
    assert torch.equal(stem.into(x), x)
    assert torch.equal(stem.back(x, x), x)


def test_private_copies_share_weights_and_no_modules():
    module = planted.module("resnet")
    copy = with_shared_weights(module)
    assert [id(p) for p in copy.parameters()] == [id(p) for p in module.parameters()]
    assert not {id(m) for m in copy.modules()} & {id(m) for m in module.modules()}


def test_pairs_of_convolution_and_norm():
    block = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.ReLU(), nn.BatchNorm2d(1))
    assert [(c, n) for _, c, n in pairs(block)] == [("0", "1")]


def test_contrast_is_the_difference_of_logits():
    model, x = planted.model("cnn"), planted.bright()
    logits = model.module(x)
    contrast = model.towards("bright", "dark")
    assert torch.allclose(contrast(x), logits[:, 1] - logits[:, 0])
    assert torch.allclose(contrast.probability(x), logits.softmax(1)[:, 1])
    with pytest.raises(ExplainError, match="two different"):
        model.towards("dark", "dark")
    with pytest.raises(ExplainError, match="dark, bright"):
        model.towards("grey")
