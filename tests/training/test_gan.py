import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core import domains
from core.data.dataset import DomainData
from core.models.base import build
from core.preprocessing import Preprocessing
from core.training import gan, gan_losses
from core.training.config import read_config
from core.training.gan_data import Reals, load_reals
from core.training.gan_monitor import (
    TrainingStoppedError,
    Watch,
    check_finite,
    describe,
    kernel_distance,
    variety,
)
from core.training.run import Run

SIZE = 16
CHEST = domains.get("chest_xray")


class Pool(nn.Module):
    """A fake autoencoder without weights: 8 latents channels on a grid of half the side."""

    def encode(self, x):
        return nn.functional.avg_pool2d(x, 2).expand(-1, 8, -1, -1)

    def decode(self, z, channels=3, seeds=None):
        return nn.functional.interpolate(z.mean(1, keepdim=True), scale_factor=2)


def made_up(n=48):
    """Classes differ in brightness; the vertical edge moves from image to image."""
    draw = np.random.default_rng(0)
    labels = np.arange(n) % 4
    images = draw.integers(0, 40, (n, SIZE, SIZE, 1)).astype(np.uint8)
    for image, label in zip(images, labels):
        image[:, : draw.integers(4, 12)] += np.uint8(40 * (label + 1))
    split = np.array(["train"] * n)
    split[-8:] = "val"
    return DomainData(
        domain=CHEST,
        preprocessing=Preprocessing(size=SIZE),
        items=[],
        images=images,
        class_index=labels,
        split=split,
        clean_test=np.zeros(n, bool),
        group=np.arange(n),
        pixel_hashes=[],
        perceptual_hashes=np.zeros((n, 32), np.uint8),
        archives={},
    )


def settings(**train):
    model = {"family": "stylegan2", "space": "latent", "autoencoder": "shared/fake"}
    model |= {"channels": 1, "classes": 4, "z_dim": 4, "w_dim": 6, "widths": [8, 6], "mapping": 2}
    defaults = {"batch": 8, "warmup_images": 16, "ahead_images": 8, "images": 64, "r1_every": 2}
    return {
        "id": "chest_xray/toy",
        "seed": 3,
        "model": model,
        "critic": {"widths": [8, 6]},
        "train": {**defaults, **train},
    }


@pytest.fixture
def unpublished(monkeypatch):
    """Keep the trained module instead of writing a checkpoint."""
    kept = {}

    def publish(run, card, module):
        kept["module" if card.task == "generator" else "critic"] = module
        kept[card.id] = card
        return card

    monkeypatch.setattr(gan, "publish", publish)
    return kept


def finish(folder, config, resume=False):
    run = Run(folder, config, resume=resume)
    card = gan.train(config, [made_up()], run, load=lambda _: Pool())
    return run, card


def test_training_logs_every_phase_and_describes_itself(tmp_path, unpublished):
    config = settings(log_seconds=0)
    run, card = finish(tmp_path, config)
    lines = [json.loads(line) for line in run.history.read_text().splitlines()]
    assert run.images_seen == 64 and run.step == 8
    assert {"reconstruction", "kl"} <= lines[0].keys()
    assert "critic" not in lines[0] and "generator" not in lines[2]
    assert any({"generator", "critic", "penalty", "ada_p"} <= line.keys() for line in lines)
    assert {"diversity", "kid"} <= lines[-1].keys()
    assert list((tmp_path / "grids").glob("*.png"))
    assert card.task == "generator" and card.requires == ["shared/fake"]
    assert card.classes == list(CHEST.class_ids)
    assert unpublished["module"].w_mean.abs().sum() > 0


def test_the_critic_is_published_beside_the_generator(tmp_path, unpublished):
    finish(tmp_path, settings())
    card, critic = unpublished["chest_xray/toy-critic"], unpublished["critic"]
    assert (card.task, card.family, card.files) == ("critic", "critic", {})
    assert card.requires == ["shared/fake"] and card.config["kind"] == "stylegan2"
    x = torch.rand(3, 1, SIZE, SIZE)
    with torch.no_grad():
        scores, alone = critic(x), torch.cat([critic(one[None]) for one in x])
    assert scores.shape == (3, 4) and critic.deviation > 1e-3
    assert torch.allclose(scores, alone, atol=1e-5)  # no image sees another
    again = build("critic", card.config, lambda _: Pool())
    again.load_state_dict(critic.state_dict())
    assert torch.equal(again(x), scores)


def test_a_critic_that_never_trained_is_not_published(tmp_path, unpublished):
    finish(tmp_path, settings(warmup_images=64))
    assert "module" in unpublished and "critic" not in unpublished


def test_a_resumed_run_repeats_the_uninterrupted_one(tmp_path, unpublished):
    finish(tmp_path / "whole", settings(images=48))
    whole = unpublished["module"].state_dict()
    finish(tmp_path / "parts", settings(images=24))
    finish(tmp_path / "parts", settings(images=48), resume=True)
    for name, value in unpublished["module"].state_dict().items():
        assert torch.equal(value, whole[name]), name


def test_balanced_batches_use_the_training_split_alone(tmp_path):
    data = made_up()
    keep = (data.class_index != 1) | (np.arange(48) < 2)
    data.split[~keep] = "test"  # class 1 has one training image left
    steps = gan.make_steps(settings(), lambda _: Pool(), torch.device("cpu"), mirror=False)
    reals = load_reals(data, steps.generator, tmp_path, mirror=False)
    assert len(reals.grids) == (data.split == "train").sum()
    torch.manual_seed(0)
    _, labels = reals.batch(400)
    assert 70 < int((labels == 1).sum()) < 130
    again = load_reals(data, steps.generator, tmp_path, mirror=False)
    assert torch.equal(again.grids, reals.grids)


def test_mirroring_doubles_the_training_images(tmp_path):
    steps = gan.make_steps(settings(), lambda _: Pool(), torch.device("cpu"), mirror=True)
    reals = load_reals(made_up(), steps.generator, tmp_path, mirror=True)
    half = len(reals.grids) // 2
    assert torch.allclose(reals.grids[half:], reals.grids[:half].flip(3), atol=1e-3)
    assert torch.equal(reals.labels[half:], reals.labels[:half])


def test_divergence_stops_with_a_clear_message():
    check_finite({"critic": 1.0}, 3)
    with pytest.raises(TrainingStoppedError, match=r"step 3: critic is nan"):
        check_finite({"critic": float("nan")}, 3)


def test_collapse_stops_after_patience(tmp_path):
    torch.manual_seed(0)
    real = torch.randn(2, 4, 1, SIZE, SIZE)
    held_out = made_up().images[:8]
    watch = Watch(real, held_out, Preprocessing(size=SIZE), tmp_path, patience=2)
    found = watch.look(real, real.flatten(0, 1), 1)
    assert found["diversity"] == pytest.approx(1.0)
    same = real[:, :1].expand(-1, 4, -1, -1, -1)
    assert watch.look(same, same.flatten(0, 1), 2)["diversity"] < 0.01
    with pytest.raises(TrainingStoppedError, match="mode collapse"):
        watch.look(same, same.flatten(0, 1), 3)


def test_variety_is_the_mean_distance_of_pairs():
    grids = torch.zeros(1, 2, 1, 2, 2)
    grids[0, 1] = 3.0
    assert variety(grids) == pytest.approx(3.0)


def test_kernel_distance_tells_other_images_apart():
    images = made_up().images
    noise = np.random.default_rng(1).integers(0, 255, images.shape).astype(np.uint8)
    own = kernel_distance(describe(images[:20]), describe(images[20:40]))
    other = kernel_distance(describe(noise[:20]), describe(images[20:40]))
    assert abs(own) < other


def test_gradient_penalty_is_zero_at_unit_slope():
    real, fake = torch.randn(4, 1, 2, 2), torch.randn(4, 1, 2, 2)
    weight = torch.full((4,), 0.5)  # of norm 1
    unit = gan_losses.gradient_penalty(lambda x: x.flatten(1) @ weight, real, fake)
    steep = gan_losses.gradient_penalty(lambda x: x.flatten(1) @ (3 * weight), real, fake)
    assert float(unit) == pytest.approx(0.0, abs=1e-6)
    assert float(steep) == pytest.approx(4.0, abs=1e-4)


def test_r1_is_the_squared_slope_at_real_images():
    weight = torch.tensor([1.0, 2.0, 0.0, 2.0])
    value = gan_losses.r1(lambda x: x.flatten(1) @ weight, torch.randn(3, 1, 2, 2))
    assert float(value) == pytest.approx(9.0)


def test_kl_and_elbo_agree_with_torch():
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    own = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(gan_losses.kl_to_normal(mean, log_variance), expected, atol=1e-5)
    target = torch.zeros(5, 1, 2, 2)
    loss, error, kl = gan_losses.negative_elbo(target, target + 2, mean, log_variance)
    assert float(error) == pytest.approx(4.0)
    assert float(loss) == pytest.approx(0.5 * np.log(4) + float(kl) / 4, abs=1e-5)


@pytest.mark.parametrize(
    ("critic", "generator"),
    [
        (gan_losses.logistic_critic, gan_losses.logistic_generator),
        (gan_losses.wasserstein_critic, gan_losses.wasserstein_generator),
    ],
)
def test_losses_reward_the_right_side(critic, generator):
    high, low = torch.full((4,), 2.0), torch.full((4,), -2.0)
    assert critic(high, low) < critic(low, high)
    assert generator(high) < generator(low)


def test_labels_are_drawn_from_the_classes_present():
    reals = Reals(torch.zeros(3, 1, 2, 2), torch.tensor([0, 2, 2]))
    assert set(reals.labels_of(50).tolist()) == {0, 2}
    assert len(reals.first(2, 5)) == 2


def wasserstein(**train):
    config = settings(**{"n_critic": 2, "batch": 4, "stage_images": 24, "images": 48, **train})
    config["model"] |= {"family": "wgan-gp", "encoder_widths": [6, 6]}
    config["critic"] |= {"progressive": True, "minibatch_deviation": False}
    return config


def test_wgan_grows_and_resumes(tmp_path, unpublished):
    run, _ = finish(tmp_path / "whole", wasserstein(warmup_images=8, log_seconds=0))
    lines = [json.loads(line) for line in run.history.read_text().splitlines()]
    growth = [line["growth"] for line in lines if "growth" in line]
    assert growth[0] < 1 and growth[-1] > 1.5 and growth == sorted(growth)
    assert {"penalty", "critic", "generator"} <= lines[-2].keys()
    whole = unpublished["module"].state_dict()
    finish(tmp_path / "parts", wasserstein(warmup_images=8, images=24))
    assert unpublished["chest_xray/toy-critic"].config["growth"] == 1.0  # at the coarse stage
    assert unpublished["critic"](torch.rand(2, 1, SIZE, SIZE)).shape == (2, 4)
    finish(tmp_path / "parts", wasserstein(warmup_images=8), resume=True)
    for name, value in unpublished["module"].state_dict().items():
        assert torch.equal(value, whole[name]), name


def test_real_images_are_blended_like_the_growing_generator():
    config = wasserstein()
    steps = gan.make_steps(config, lambda _: Pool(), torch.device("cpu"), mirror=False)
    x = torch.randn(2, 8, 8, 8)
    steps.growth = 1.0
    assert torch.equal(steps.at_stage(x), nn.functional.avg_pool2d(x, 2))
    steps.growth = 1.5
    coarse = nn.functional.interpolate(nn.functional.avg_pool2d(x, 2), scale_factor=2)
    assert torch.allclose(steps.at_stage(x), (coarse + x) / 2)
    steps.growth = 2.0
    assert torch.equal(steps.at_stage(x), x)


def test_dcgan_trains_on_pixels(tmp_path, unpublished):
    config = settings(images=16)
    config["model"] = {"family": "dcgan", "channels": 1, "classes": 4, "z_dim": 4, "size": SIZE}
    run, card = finish(tmp_path, config)
    assert run.step == 2 and card.requires == [] and card.family == "dcgan"
    assert unpublished["critic"](torch.rand(2, 1, SIZE, SIZE)).shape == (2, 4)
    assert not list(tmp_path.glob("latents-*"))


CONFIGS = [
    path
    for name in ("stylegan2*", "wgan-gp*", "dcgan*")
    for path in sorted((Path(__file__).parents[2] / "configs").glob(f"*/{name}.toml"))
]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_shipped_configurations_fit_their_domain(path):
    config = read_config(path)
    domain = domains.get(path.parent.name)
    steps = gan.make_steps(config, lambda _: Pool(), torch.device("cpu"), domain.mirror)
    assert config["id"] == f"{domain.id}/{path.stem}"
    assert steps.generator.classes == len(domain.classes)
    assert steps.generator.channels == domain.channels
    assert steps.generator.space == "latent" or steps.generator.size == domain.size
    z, labels = steps.draw(1, Reals(torch.zeros(1, 1, 2, 2), torch.tensor([1])))
    with torch.no_grad():
        grid = steps.generator.eval().grid(z, labels)
        score = steps.critic.eval()(grid, labels)
        as_all = steps.critic.scores(grid, torch.tensor(1e-4))  # what one image alone deviates by
    assert torch.isfinite(score).all()
    assert torch.allclose(as_all[:, 1], score, atol=1e-4)
