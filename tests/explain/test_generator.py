"""Attribution through generators, feature maps over time and counterfactuals."""

import numpy as np
import pytest
import torch
from torch import nn

from core.explain import counterfactual as counterfactuals
from core.explain.counterfactual import Counterfactual, counterfactual
from core.explain.explainable import Explainable, ExplainError
from core.explain.generator import attribute, explain_generator, model_score, region_mean
from core.explain.latent_edit import search
from core.explain.prepare import prepared
from core.explain.unet_features import feature_maps
from core.models.base import Generator, StyleGenerator
from core.models.gan.space import GanGenerator
from core.preprocessing import Preprocessing
from tests.toy import ToyClassifier, toy_registry


class TwoParts(StyleGenerator):
    """The first coordinate of w paints the left half, the second one the right half."""

    num_layers, z_dim = 2, 2

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)
        nn.init.ones_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def map(self, z, labels):
        return z[:, None].repeat(1, 2, 1)

    def synthesise(self, w):
        halves = w[:, 0, :, None, None].repeat(1, 1, 8, 4)
        return self.conv(torch.cat([halves[:, :1], halves[:, 1:]], 3))


def test_a_region_is_traced_to_its_coordinate():
    generator = TwoParts()
    image, found = attribute(generator, 0, 3, region_mean((0.0, 0.0, 1.0, 0.5)))
    assert image.shape == (1, 1, 8, 8)
    assert abs(found.w[0, 0]) > 0
    assert np.allclose(found.w[1], 0)
    assert np.allclose(found.w[:, 1], 0)
    assert found.z == pytest.approx([1, 0])
    assert found.share_by_layer == pytest.approx([1, 0])
    assert np.allclose(found.layers["conv"][:, 4:], 0)
    assert found.layers["conv"].sum() == pytest.approx(found.score, abs=1e-5)
    assert not generator.conv._forward_hooks


def test_hooks_go_away_on_error():
    generator = TwoParts()

    def fail(images):
        raise ValueError

    with pytest.raises(ValueError):
        attribute(generator, 0, 0, fail)
    assert not generator.conv._forward_hooks


def test_service_explains_a_generated_image(tmp_path):
    registry = toy_registry(tmp_path)
    model, scorer = "chest_xray/toy-gan", "chest_xray/toy-cnn"
    found = explain_generator(registry, model, "viral", 1, scorer=scorer, target="PNEUMONIA")
    assert found.pixels.shape == (32, 32, 1)
    assert np.isfinite(found.w).all()
    with pytest.raises(ExplainError, match="region"):
        explain_generator(registry, model, "viral", 1)
    with pytest.raises(ExplainError, match="choose a GAN"):
        explain_generator(registry, scorer, "viral", 1, region=(0, 0, 1, 1))


def test_region_must_lie_in_the_image():
    with pytest.raises(ExplainError):
        region_mean((0.5, 0, 0.5, 1))


class FromNoise(GanGenerator):
    """A generator without W: the first number of the code sets the brightness."""

    def __init__(self):
        config = {"space": "pixel", "channels": 1, "classes": 1, "z_dim": 3, "size": 8}
        super().__init__(config, lambda _: None)
        self.conv = nn.Conv2d(1, 1, 1)
        nn.init.ones_(self.conv.weight)

    def grid(self, z, labels, truncation=1.0):
        return self.conv(z[:, :1, None, None].repeat(1, 1, 8, 8))


def test_a_generator_without_w_is_traced_to_its_noise():
    _, found = attribute(FromNoise(), 0, 3, region_mean((0.0, 0.0, 0.5, 1.0)))
    assert found.z == pytest.approx([1, 0, 0])
    assert found.w.size == 0 and found.share_by_layer.size == 0
    assert not found.layers["conv"][4:].any() and found.layers["conv"][:4].all()


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down_blocks = nn.ModuleList([nn.Identity()])
        self.mid_block = nn.AvgPool2d(2)
        self.up_blocks = nn.ModuleList([nn.Upsample(scale_factor=2)])

    def forward(self, x):
        return self.up_blocks[0](self.mid_block(self.down_blocks[0](x)))


class TinyDiffusion(Generator):
    def __init__(self):
        super().__init__()
        self.unet = TinyUNet()

    def sample(self, labels, seeds, progress=None, **options):
        x = torch.ones(1, 2, 8, 8)
        for _ in range(int(options["steps"])):
            x = self.unet(x) / 2
        return x


def test_feature_maps_over_time():
    generator = TinyDiffusion()
    found = feature_maps(generator, 0, 0, steps=3)
    assert list(found) == ["down 0", "middle", "up 0"]
    assert [m.shape for m in found["middle"]] == [(4, 4)] * 3
    assert [m.mean() for m in found["up 0"]] == [1, 0.5, 0.25]
    assert not any(m._forward_hooks for m in generator.modules())
    with pytest.raises(ExplainError):
        feature_maps(TwoParts(), 0, 0)


class Halves:
    """An "autoencoder" whose latents are the image at half size."""

    def encode(self, x):
        return nn.functional.avg_pool2d(x, 2)

    def decode(self, z, channels):
        return nn.functional.interpolate(z, scale_factor=2)


def test_counterfactual_flips_the_class_and_stays_near():
    module = ToyClassifier(2, 1).eval()
    model = prepared(Explainable(module, Preprocessing(size=16), ("dark", "bright"), target=1))
    x = torch.full((1, 1, 16, 16), -0.4)
    start, end, used = search(model, Halves(), x, steps=40, rate=0.05, proximity=0.01, aim=0.8)
    first, last = (Halves().decode(z, 1) for z in (start, end))
    assert float(model.probability(first)) < 0.3
    assert float(model.probability(last)) >= 0.8
    assert used < 40
    assert (last - first).abs().max() < 1
    assert float(model_score(model)(last)) > float(model_score(model)(first))


def flip(difference, others, after=0.9):
    grey = np.zeros((4, 4, 1), np.uint8)
    change = np.full((4, 4), difference, np.float32)
    return Counterfactual(grey, grey, grey, change, 0.1, after, "bright", after > 0.5, 0.3, 9,
                          0.1, others)  # fmt: skip


def test_a_flip_that_nothing_confirms_is_called_near_adversarial():
    followed, ignored = {"Other": (0.2, 0.8)}, {"Other": (0.2, 0.3)}
    assert flip(0.01, followed).near_adversarial  # too small to be seen
    assert flip(0.2, ignored).near_adversarial
    assert flip(0.2, {}).near_adversarial
    assert not flip(0.2, followed).near_adversarial
    assert not flip(0.2, ignored, after=0.4).near_adversarial  # it did not even flip
    assert "0 of 1" in " ".join(flip(0.2, ignored).doubts)
    assert "hard to see: 2.5" in flip(0.01, followed).doubts[0]
    assert flip(0.2, followed).doubts == ()


def test_counterfactual_of_an_upload_asks_the_other_models(tmp_path, monkeypatch):
    registry = toy_registry(tmp_path)
    get = registry.get
    loaded = type("Loaded", (), {"module": Halves()})
    monkeypatch.setattr(
        registry, "get", lambda i: loaded if i == counterfactuals.AUTOENCODER else get(i)
    )
    shares = []
    image = np.full((40, 40), 90, np.uint8)
    found = counterfactual(registry, "chest_xray/toy-cnn", image, "PNEUMONIA", steps=80, rate=0.1,
                           progress=lambda share, _: shares.append(share))  # fmt: skip
    assert found.flipped and found.before < 0.5 < found.after
    assert set(found.others) == {"Toy worse"}
    assert found.others["Toy worse"][1] > found.others["Toy worse"][0]
    assert abs(found.control - found.before) < found.after - found.before
    assert found.difference.shape == (32, 32) and found.difference.mean() > 0
    assert shares == sorted(shares)
    with pytest.raises(ExplainError):
        counterfactual(registry, "chest_xray/toy-cnn", image, "FLU")
