import pytest
import torch
from torch import nn

from core.models.ada import AdaptiveAugment
from core.models.base import build
from core.models.gan.critic import Critic, split_growth
from core.models.gan.dcgan import DcganCritic
from core.models.gan.layers import (
    ModulatedConv,
    SelfAttention,
    minibatch_deviation,
    pixel_norm,
    smooth,
)

STYLE = {
    "space": "pixel",
    "channels": 1,
    "classes": 3,
    "z_dim": 8,
    "w_dim": 8,
    "widths": [12, 8, 8],
    "mapping": 2,
}


class Halves(nn.Module):
    """A fake autoencoder: latents are the image pooled by 2 and repeated on 8 channels."""

    def encode(self, x):
        return nn.functional.avg_pool2d(x, 2).mean(1, keepdim=True).expand(-1, 8, -1, -1)

    def decode(self, z, channels=3, seeds=None):
        pooled = z.mean(1, keepdim=True).expand(-1, channels, -1, -1)
        return nn.functional.interpolate(pooled, scale_factor=2)


def latent(config):
    return config | {"space": "latent", "autoencoder": "shared/fake", "grid_channels": 8}


def generator(config=STYLE, family="stylegan2"):
    torch.manual_seed(0)
    return build(family, config, lambda _: Halves()).eval()


def test_an_image_depends_on_its_own_seed_and_class_alone():
    model = generator()
    labels = torch.tensor([0, 1, 2])
    together = model.sample(labels, [5, 6, 7])
    alone = model.sample(labels[1:2], [6])
    assert together.shape == (3, 1, 16, 16)
    assert torch.allclose(together[1:2], alone, atol=1e-5)
    other_class = model.sample(torch.tensor([2]), [6])
    assert not torch.allclose(alone, other_class, atol=1e-3)


def test_sampling_in_batches_reports_progress_and_is_repeatable():
    model = generator()
    seen = []
    labels = torch.zeros(18, dtype=torch.long)
    images = model.sample(labels, list(range(18)), lambda share, view: seen.append(share))
    assert seen == [pytest.approx(16 / 18), 1.0]
    assert torch.equal(images, model.sample(labels, list(range(18))))


def test_sample_is_synthesis_of_the_mapped_code():
    model = generator(latent(STYLE))
    z = torch.randn(1, 8, generator=torch.Generator().manual_seed(3))
    label = torch.tensor([1])
    w = model.map(z, label)
    assert w.shape == (1, model.num_layers, 8) and model.num_layers == 5
    assert torch.allclose(model.synthesise(w), model.sample(label, [3]), atol=1e-5)
    assert model.latents(w).shape == (1, 8, 16, 16)


def test_truncation_zero_gives_the_class_mean():
    model = generator()
    model.update_mean(samples=64)
    labels = torch.tensor([0, 0, 1])
    w = model.map(torch.randn(3, 8), labels, truncation=0.0)
    assert torch.allclose(w[0], w[1], atol=1e-6)
    assert not torch.allclose(w[0], w[2], atol=1e-4)
    images = model.sample(labels[:2], [1, 2], truncation=0.0)
    assert torch.allclose(images[0], images[1], atol=1e-5)


def test_the_autoencoder_stays_out_of_the_weights():
    model = generator(latent(STYLE))
    assert isinstance(model.autoencoder, Halves)
    assert not any("autoencoder" in name for name in model.state_dict())
    assert model.to_grid(torch.zeros(2, 1, 32, 32)).shape == (2, 8, 16, 16)


def test_encoder_maps_images_into_w_and_can_be_left_out():
    model = generator(latent(STYLE))
    assert model.embed(torch.zeros(2, 1, 32, 32), torch.tensor([0, 1])).shape == (2, 5, 8)
    bare = generator(STYLE | {"encoder_widths": []})
    with pytest.raises(ValueError, match="no encoder"):
        bare.embed(torch.zeros(1, 1, 16, 16), torch.tensor([0]))


def test_modulation_equals_one_kernel_per_image():
    torch.manual_seed(0)
    conv = ModulatedConv(4, 6, 3, w_dim=5)
    x, w = torch.randn(2, 4, 8, 8), torch.randn(2, 5)
    for n in range(2):
        style = conv.affine(w[n : n + 1])
        kernel = conv.weight * conv.scale * style[0][None, :, None, None]  # eq. 1
        kernel = kernel * torch.rsqrt(kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        expected = nn.functional.conv2d(x[n : n + 1], kernel, padding=1)
        assert torch.allclose(conv(x, w)[n], expected[0], atol=1e-5)


def test_up_convolution_doubles_the_side_and_keeps_a_constant_inside():
    conv = ModulatedConv(3, 2, 3, w_dim=4, up=True, demodulate=False)
    nn.init.ones_(conv.weight)
    out = conv(torch.ones(1, 3, 6, 6), torch.zeros(1, 4))
    assert out.shape == (1, 2, 12, 12)
    inside = out[0, 0, 3:-3, 3:-3]
    assert torch.allclose(inside, inside[0, 0].expand_as(inside), atol=1e-4)


def test_smoothing_keeps_the_mean_of_a_constant():
    out = smooth(torch.full((1, 2, 9, 9), 3.0))
    assert out.shape[-1] == 8
    assert torch.allclose(out[:, :, 1:-1, 1:-1], torch.tensor(3.0))


def test_attention_starts_as_the_identity():
    x = torch.randn(2, 8, 4, 4)
    layer = SelfAttention(8)
    assert torch.equal(layer(x), x)
    nn.init.ones_(layer.gamma)
    assert not torch.allclose(layer(x), x)


def test_minibatch_deviation_sees_a_lack_of_variety():
    same = minibatch_deviation(torch.ones(4, 3, 2, 2))
    varied = minibatch_deviation(torch.randn(4, 3, 2, 2))
    assert same.shape == (4, 4, 2, 2)
    assert same[:, 3].max() < 1e-3 < varied[:, 3].min()
    assert minibatch_deviation(torch.ones(5, 3, 2, 2)).shape == (5, 4, 2, 2)


def test_pixel_norm_gives_unit_mean_square():
    out = pixel_norm(torch.randn(2, 16, 3, 3) * 7)
    assert torch.allclose(out.square().mean(1), torch.ones(2, 3, 3), atol=1e-4)


def test_critic_scores_depend_on_the_class():
    torch.manual_seed(0)
    critic = Critic({"grid_channels": 1, "classes": 3, "widths": [8, 8, 8], "attention": [8, 4]})
    x = torch.randn(1, 1, 16, 16).repeat(3, 1, 1, 1)
    scores = critic(x, torch.arange(3))
    assert scores.shape == (3,)
    assert scores.unique().numel() == 3


def test_without_minibatch_deviation_a_score_is_per_image():
    torch.manual_seed(0)
    config = {"grid_channels": 1, "classes": 2, "widths": [8, 8], "minibatch_deviation": False}
    critic = Critic(config)
    x, labels = torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 0, 1])
    assert torch.allclose(critic(x, labels)[:1], critic(x[:1], labels[:1]), atol=1e-5)


@pytest.mark.parametrize(
    ("growth", "expected"),
    [
        (None, (2, 1.0)),
        (0.0, (0, 1.0)),
        (0.7, (0, 1.0)),
        (1.25, (1, 0.25)),
        (2.0, (1, 1.0)),
        (2.5, (2, 0.5)),
        (3.0, (2, 1.0)),
        (9.0, (2, 1.0)),
    ],
)
def test_growth_names_level_and_blend(growth, expected):
    level, fade = split_growth(growth, 3)
    assert (level, fade) == (expected[0], pytest.approx(expected[1]))


def test_growing_critic_is_continuous_at_the_start_of_a_stage():
    torch.manual_seed(0)
    config = {"grid_channels": 1, "classes": 2, "widths": [8, 8, 8], "progressive": True}
    critic = Critic(config)
    small, labels = torch.randn(2, 1, 8, 8), torch.tensor([0, 1])
    large = nn.functional.interpolate(small, scale_factor=2)
    before = critic(small, labels, growth=2.0)
    after = critic(large, labels, growth=2.0 + 1e-6)
    assert torch.allclose(before, after, atol=1e-3)


def test_augmentation_is_off_at_zero_and_differentiable_above():
    augment = AdaptiveAugment(mirror=True)
    x = torch.randn(8, 2, 16, 16, requires_grad=True)
    assert augment(x) is x
    augment.probability = 1.0
    out = augment(x)
    out.sum().backward()
    assert out.shape == x.shape and x.grad.abs().sum() > 0
    assert not torch.allclose(out, x)


def test_augmentation_probability_follows_overfitting():
    augment = AdaptiveAugment(mirror=False, ramp=100, limit=0.3)
    assert augment.update(torch.ones(20)) == 1.0
    assert augment.probability == pytest.approx(0.2)
    augment.update(torch.ones(20))
    assert augment.probability == 0.3
    augment.update(-torch.ones(50))
    assert augment.probability == 0.0


def test_chest_images_are_never_flipped():
    torch.manual_seed(0)
    augment = AdaptiveAugment(mirror=False, probability=1.0)
    x = torch.zeros(64, 1, 16, 16)
    x[:, :, :, :8] = 1  # bright left half
    out = augment(x)
    left, right = out[..., :8].mean((1, 2, 3)), out[..., 8:].mean((1, 2, 3))
    assert (left > right).float().mean() > 0.9


WGAN = {
    "space": "pixel",
    "channels": 1,
    "classes": 2,
    "z_dim": 6,
    "widths": [8, 8, 6],
    "attention": [8],
}


def test_wgan_draws_at_its_stage_and_fades_in():
    model = generator(WGAN, "wgan-gp")
    z, labels = torch.randn(2, 6), torch.tensor([0, 1])
    assert model.stage(z, labels).shape == (2, 1, 16, 16)
    model.growth.fill_(2.0)
    small = model.stage(z, labels)
    model.growth.fill_(2.0 + 1e-6)
    blended = model.stage(z, labels)
    assert small.shape[-1] == 8 and blended.shape[-1] == 16
    assert torch.allclose(nn.functional.interpolate(small, scale_factor=2), blended, atol=1e-4)
    model.growth.fill_(1.0)
    assert model.grid(z, labels).shape == (2, 1, 16, 16)


def test_wgan_images_depend_on_seed_and_class():
    model = generator(WGAN, "wgan-gp")
    both = model.sample(torch.tensor([0, 1]), [4, 4])
    assert not torch.allclose(both[0], both[1], atol=1e-3)
    still = model.sample(torch.tensor([0, 0]), [4, 5], truncation=0.0)
    assert torch.allclose(still[0], still[1], atol=1e-5)


def test_dcgan_draws_in_the_range_of_tanh_one_image_per_seed():
    config = {"channels": 1, "classes": 2, "z_dim": 4, "size": 16}
    model = generator(config, "dcgan")
    images = model.sample(torch.tensor([0, 1]), [1, 2])
    assert images.shape == (2, 1, 16, 16) and images.abs().max() <= 1
    alone = model.sample(torch.tensor([1]), [2])
    assert torch.allclose(images[1:], alone, atol=1e-5)
    critic = DcganCritic({"grid_channels": 1, "classes": 2, "size": 16}).eval()
    assert critic(images, torch.tensor([0, 1])).shape == (2,)
