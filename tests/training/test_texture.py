"""Training of synthetic texture: its losses, a resumed run, and latents that stay valid."""

import numpy as np
import pytest
import torch

from core.evaluate.texture import local_patterns, radial_power
from core.registry import Registry
from core.training import autoencoder, publish, texture
from core.training.run import Run
from core.training.texture_losses import (
    LEVEL,
    eight_bits,
    grid_log_power,
    local_power,
    pattern_shares,
    radial_log_power,
    statistics,
)
from tests.training import tiny
from tests.training.test_latent_models import AE


def images(seed, n=3, size=32, rough=40.0):
    """(N, 1, S, S) uint8 as an array: a ramp with noise."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(60, 180, size)[None, None, :, None] + np.zeros((n, 1, 1, size))
    return np.clip(ramp + rng.normal(0, rough, ramp.shape), 0, 255).astype(np.uint8)


def normalised(pixels):
    return torch.from_numpy(pixels).float().expand(-1, 3, -1, -1) / 127.5 - 1


def test_eight_bits_rounds_and_lets_gradients_pass():
    x = torch.tensor([[-1.4, -0.5, 0.1234, 2.0]], requires_grad=True)
    found = eight_bits(x)
    levels = (found.detach() + 1) / LEVEL
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert float(found.detach().min()) == -1 and float(found.detach().max()) == 1
    found.sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))


def test_soft_pattern_shares_are_near_the_hard_ones():
    pixels = images(0)
    hard = local_patterns(pixels.transpose(0, 2, 3, 1))
    soft = pattern_shares(normalised(pixels))[:, 0].numpy()
    assert soft.shape == hard.shape
    assert np.abs(soft - hard).max() < 0.04


def test_radial_power_is_that_of_the_evaluation():
    pixels = images(1)
    wanted = radial_power(pixels[:, 0] / 255.0) * np.log(10) + 2 * np.log(2)  # from [0, 1]
    found = radial_log_power(normalised(pixels)).numpy()
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize("loss", [local_power, lambda a, b: statistics([a], [b])])
def test_losses_vanish_for_the_same_statistics_and_grow_with_roughness(loss):
    real, same = normalised(images(2)), normalised(images(2))
    other, smooth = normalised(images(3)), normalised(images(3, rough=2.0))
    assert float(loss(same, real)) < 1e-6
    assert float(loss(other, real)) < 0.5 * float(loss(smooth, real))


def test_a_mesh_on_the_folding_grid_is_seen_and_noise_is_not():
    plain = normalised(images(4, size=64))
    mesh = 0.05 * (-1.0) ** torch.arange(64)
    found = [
        grid_log_power(x).mean(0)[0] for x in (plain, normalised(images(5, size=64)), plain + mesh)
    ]
    assert abs(float(found[0] - found[1])) < 1 < float(found[2] - found[0])


LOSSES = ("adversarial", "statistics", "power", "spectrum", "patterns", "grid")
CONFIG = {
    "id": "shared/ae",
    "title": "Tiny autoencoder with texture",
    "model": {**tiny.AUTOENCODER, "texture": {"width": 8, "blocks": 1}},
    "train": {
        "start_from": "shared/ae", "pairs": 8, "images": 24, "batch": 4, "crop": 16,
        "rate": 1e-3, "critic_rate": 1e-3, "ema": 0.9,
        "loss": dict.fromkeys(LOSSES, 1.0),
    },
}  # fmt: skip


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    monkeypatch.setattr(publish, "ROOT", root)
    monkeypatch.setattr(texture, "Registry", lambda device: Registry(root, device))
    plain = {**AE, "train": {**AE["train"], "images": 16}}
    autoencoder.train(plain, [tiny.data()], Run(tmp_path / "ae", plain))
    return root


def sets():
    return [tiny.data(), tiny.data(domain="colorectal_polyps")]


def test_only_texture_is_added(root, tmp_path):
    x = tiny.data().preprocessing.normalise(tiny.data().images[:2])
    before = Registry(root, torch.device("cpu")).get("shared/ae").module
    card = texture.train(CONFIG, sets(), Run(tmp_path / "texture", CONFIG))
    after = Registry(root, torch.device("cpu")).get("shared/ae").module
    assert card.training["started_from"]["id"] == "shared/ae" and card.config["texture"]
    assert torch.equal(before.encode(x), after.encode(x))
    z = before.encode(x)
    assert torch.equal(before.decode_plain(z), after.decode_plain(z))
    assert not torch.equal(after.decode(z, 1, [1, 2]), after.decode_plain(z, 1))
    assert (tmp_path / "texture" / "colorectal_polyps-000006.png").exists()


def test_a_resumed_run_ends_at_the_same_weights(root, tmp_path):
    parts = Run(tmp_path / "parts", CONFIG)
    parts.out_of_time = lambda: parts.images_seen >= 12
    trainer = texture.TextureTrainer(CONFIG, sets(), parts)
    trainer.train()
    trainer.save()
    own = {**CONFIG, "id": "shared/parts"}
    resumed = texture.train(own, sets(), Run(tmp_path / "parts", own, resume=True))
    own = {**CONFIG, "id": "shared/whole"}
    whole = texture.train(own, sets(), Run(tmp_path / "whole", own))
    assert resumed.files == whole.files
