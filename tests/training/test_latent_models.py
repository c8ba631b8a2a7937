import pytest
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DModel

from core.models import diffusers_layout
from core.models.base import build
from core.models.ode import dpm_solver, heun, schedule
from core.registry import Registry
from core.training import autoencoder, diffusion, publish
from core.training.run import Run
from tests.training import tiny

AE = {
    "id": "shared/ae",
    "title": "tiny",
    "seed": 0,
    "model": tiny.AUTOENCODER,
    "train": {
        "images": 64,
        "finish_from": 0.5,
        "batch": 8,
        "rate": 2e-3,
        "finish_rate": 1e-3,
        "critic_rate": 1e-3,
        "kl": 1e-4,
        "ema": 0.5,
        "finish": {"l1": 2.0, "matching": 1.0, "adversarial": 0.1},
    },
}
FLOW = {
    "id": "chest_xray/flow",
    "title": "tiny",
    "seed": 0,
    "model": tiny.DIFFUSION,
    "train": {"images": 48, "batch": 8, "rate": 1e-3, "ema": 0.5},
}


def cut_short(run, images):
    """The run, stopped early as by its time budget: its schedules stay the same."""
    run.out_of_time = lambda: run.images_seen >= images
    return run


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    monkeypatch.setattr(publish, "ROOT", root)
    monkeypatch.setattr(diffusion, "Registry", lambda device: Registry(root, device))
    return root


@pytest.fixture
def registry(root):
    return Registry(root, torch.device("cpu"))


@pytest.fixture
def trained(root, tmp_path):
    sets = [tiny.data(), tiny.data(domain="colorectal_polyps")]
    return autoencoder.train(AE, sets, Run(tmp_path / "ae", AE))


def test_the_autoencoder_reconstructs_then_finishes_and_is_published(trained, registry, tmp_path):
    assert trained.training["images_seen"] == 64
    module = registry.get("shared/ae").module
    images = tiny.data().preprocessing.normalise(tiny.data().images[:4])
    z = module.encode(images)
    assert z.shape == (4, 8, 4, 4)
    assert module.decode(z, 1).shape == (4, 1, 32, 32)
    assert module.decode(z).shape == (4, 3, 32, 32)
    log = (tmp_path / "ae" / "history.jsonl").read_text()
    assert "psnr" in log and (tmp_path / "ae" / "reconstructions.png").exists()


def test_latents_are_whitened(trained, registry):
    module = registry.get("shared/ae").module
    images = tiny.data().preprocessing.normalise(tiny.data().images)
    z = module.encode(images)
    assert 0.3 < float(z.std()) < 3


def test_the_finish_leaves_the_encoder_alone(root, tmp_path):
    run = cut_short(Run(tmp_path / "ae", AE), 40)
    trainer = autoencoder.AutoencoderTrainer(AE, [tiny.data()], run)
    trainer.train()
    before = {k: v.clone() for k, v in trainer.model.kl.encoder.state_dict().items()}
    decoder = [p.clone() for p in trainer.model.kl.decoder.parameters()]
    assert trainer.finishing
    trainer.finish(trainer.batch())
    after = trainer.model.kl.encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    changed = zip(decoder, trainer.model.kl.decoder.parameters())
    assert any(not torch.equal(a, b) for a, b in changed)


def test_the_autoencoder_resumes_to_the_same_weights(root, tmp_path):
    whole = autoencoder.train(AE, [tiny.data()], Run(tmp_path / "whole", AE))
    half = cut_short(Run(tmp_path / "parts", AE), 24)
    trainer = autoencoder.AutoencoderTrainer(AE, [tiny.data()], half)
    trainer.train()
    trainer.save()
    resumed = autoencoder.train(AE, [tiny.data()], Run(tmp_path / "parts", AE, resume=True))
    assert resumed.files == whole.files


def test_diffusion_trains_resumes_and_samples(trained, root, registry, tmp_path):
    whole = diffusion.train(FLOW, [tiny.data()], Run(tmp_path / "whole", FLOW))
    part = cut_short(Run(tmp_path / "parts", FLOW), 16)
    trainer = diffusion.DiffusionTrainer(FLOW, tiny.data(), part)
    trainer.train()
    trainer.save()
    resumed = diffusion.train(FLOW, [tiny.data()], Run(tmp_path / "parts", FLOW, resume=True))
    assert resumed.files == whole.files and resumed.requires == ["shared/ae"]
    model = registry.get("chest_xray/flow").module
    shares = []
    labels = torch.tensor([0, 3])
    images = model.sample(labels, [5, 6], lambda s, p: shares.append((s, p.shape)), steps=3)
    assert images.shape == (2, 1, 32, 32) and torch.isfinite(images).all()
    assert [s for s, _ in shares] == [0.25, 0.5, 0.75] and shares[0][1] == images.shape
    alone = model.sample(labels[1:], [6], steps=3)
    assert torch.allclose(alone[0], images[1], atol=1e-4)


@pytest.fixture
def flow(trained, registry):
    torch.manual_seed(1)
    model = build("latent-diffusion", tiny.DIFFUSION, lambda i: registry.get(i).module)
    return model.eval()


def test_guidance_of_one_is_the_conditional_model(flow):
    z, labels = torch.randn(2, 8, 4, 4), torch.tensor([1, 2])
    with torch.no_grad():
        plain = flow(z, torch.full((2,), 0.5), labels)
        none = flow(z, torch.full((2,), 0.5), torch.tensor([4, 4]))
        assert torch.allclose(flow.guided(labels, 1.0)(z, 0.5), plain)
        pushed = flow.guided(labels, 3.0)(z, 0.5)
    assert torch.allclose(pushed, none + 3 * (plain - none), atol=1e-5)


def test_varying_an_image_at_strength_zero_returns_its_reconstruction(flow):
    images = tiny.data().preprocessing.normalise(tiny.data().images[:2])
    labels = torch.tensor([0, 1])
    with torch.no_grad():
        same = flow.to_image(flow.to_grid(images))
    kept = flow.like(images, labels, [1, 2], strength=0.0, steps=2)
    assert torch.allclose(kept, same, atol=1e-5)
    assert not torch.allclose(flow.like(images, labels, [1, 2], strength=0.9, steps=2), same)


def test_inversion_is_undone_by_sampling(flow):
    z = torch.randn(2, 8, 4, 4)
    velocity = flow.guided(torch.tensor([0, 1]), 1.0)
    with torch.no_grad():
        there = heun(velocity, z, schedule(40)[::-1])
        back = dpm_solver(velocity, there, schedule(40))
    assert float((back - z).abs().mean()) < 0.1 * float(z.abs().mean())


def test_the_exported_folder_samples_alike_in_diffusers(flow, tmp_path):
    diffusers_layout.save(flow, ["a", "b", "c", "d"], tmp_path)
    scheduler = DPMSolverMultistepScheduler.from_pretrained(tmp_path / "scheduler")
    scheduler.set_timesteps(20)
    z, labels = torch.randn(2, 8, 4, 4), torch.tensor([0, 2])
    velocity = flow.guided(labels, 1.0)
    with torch.no_grad():
        ours = dpm_solver(velocity, z, scheduler.sigmas.tolist())
        for t, sigma in zip(scheduler.timesteps, scheduler.sigmas):
            z = scheduler.step(velocity(z, float(sigma)), t, z).prev_sample
    assert torch.allclose(ours, z, atol=0.02 * float(ours.abs().mean()))


def test_the_exported_folder_opens_in_diffusers(flow, tmp_path):
    diffusers_layout.save(flow, ["a", "b", "c", "d"], tmp_path)
    unet = UNet2DModel.from_pretrained(tmp_path / "unet").eval()
    vae = AutoencoderKL.from_pretrained(tmp_path / "vae").eval()
    z, t, labels = torch.randn(1, 8, 4, 4), torch.tensor([0.3]), torch.tensor([2])
    with torch.no_grad():
        out = unet(z, t * 1000, class_labels=labels).sample
        assert torch.allclose(out, flow(z, t, labels), atol=1e-5)
        raw = torch.nn.functional.pixel_shuffle(vae.decode(z).sample, 4)
        assert torch.allclose(raw, flow.autoencoder.decode_raw(z), atol=1e-5)
    assert len(vae.config.latents_mean) == 8
