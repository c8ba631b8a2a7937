import pytest
import torch

from core.models.base import build
from core.registry import Registry
from core.text.pairs import Pair
from core.text.prepared import load, prepare, save
from core.training import autoencoder, publish, text_diffusion, text_gan
from core.training.run import Run
from core.training.text_data import kept_states
from tests.text import small
from tests.training import tiny
from tests.training.test_latent_models import AE

TEXTS = {
    "normal": "The lungs are clear.", "pneumonia": "Right lower lobe pneumonia.",
    "bacterial": "Consolidation in the left lobe.", "viral": "Infiltrate in the left lobe.",
    "covid19": "Pneumonia in the right lobe.",
}  # fmt: skip
SHARED = {
    "autoencoder": "shared/ae", "channels": 1, "latent_channels": 8, "latent_size": 4,
    "states": 16, "text_width": 64, "text_layers": 1, "conditions": list(TEXTS),
}  # fmt: skip
FLOW = {
    "family": "text-diffusion", **SHARED, "widths": [16, 32], "attention": [False, True],
    "layers": 1,
}  # fmt: skip
GAN = {"family": "text-gan", **SHARED, "width": 16, "blocks": 3}


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    monkeypatch.setattr(publish, "ROOT", root)
    for module in (text_diffusion, text_gan):
        monkeypatch.setattr(module, "Registry", lambda device: Registry(root, device))
    autoencoder.train(AE, [tiny.data()], Run(tmp_path / "ae", AE))
    pairs = [Pair(t, c, "report") for c, t in TEXTS.items()]
    texts = prepare(small.encoder(), "small", {"train": pairs, "val": pairs}, {})
    save(texts, tmp_path / "texts.safetensors")
    return root


def config(tmp_path, model, **train):
    own = {"images": 24, "batch": 8, "rate": 1e-3, "ema": 0.5}
    own["texts"] = str(tmp_path / "texts.safetensors")
    return {
        "id": f"chest_xray/{model['family']}", "title": "tiny", "seed": 0, "model": model,
        "train": {**own, **train},
    }  # fmt: skip


def test_the_diffusion_trains_resumes_and_draws(root, tmp_path):
    whole_config = config(tmp_path, FLOW)
    whole = text_diffusion.train(whole_config, [tiny.data()], Run(tmp_path / "a", whole_config))
    assert whole.task == "text-generator" and whole.requires == ["shared/ae"]
    assert whole.training["texts"]["encoder"] == "small"
    assert list((tmp_path / "a" / "grids").glob("*.png"))
    part = config(tmp_path, FLOW, images=8)
    trainer = text_diffusion.TextDiffusionTrainer(part, tiny.data(), Run(tmp_path / "b", part))
    trainer.train()
    trainer.save()
    again = Run(tmp_path / "b", whole_config, resume=True)
    trainer = text_diffusion.TextDiffusionTrainer(whole_config, tiny.data(), again)
    assert again.step == 1 and again.images_seen == 8
    trainer.train()
    assert again.images_seen == 24
    model = Registry(root, torch.device("cpu")).get(whole.id).module
    tokens = small.encoder().tokenise(["No pneumonia.", "The lungs are clear."])
    states = small.encoder().embed(tokens.ids, tokens.mask)
    shares = []
    images = model.sample(
        states, tokens.mask, [3, 4], lambda s, p: shares.append((s, p.shape)), steps=2
    )
    assert images.shape == (2, 1, 32, 32) and torch.isfinite(images).all()
    assert [s for s, _ in shares] == pytest.approx([1 / 3, 2 / 3])
    alone = model.sample(states[1:], tokens.mask[1:], [4], steps=2)
    assert torch.allclose(alone[0], images[1], atol=1e-4)


def test_a_warm_start_takes_what_fits(root, tmp_path, monkeypatch):
    from core.training import diffusion
    from tests.training.test_latent_models import FLOW as CLASS_FLOW

    monkeypatch.setattr(diffusion, "Registry", lambda device: Registry(root, device))
    diffusion.train(CLASS_FLOW, [tiny.data()], Run(tmp_path / "c", CLASS_FLOW))
    own = config(tmp_path, FLOW, start_from="chest_xray/flow")
    trainer = text_diffusion.TextDiffusionTrainer(own, tiny.data(), Run(tmp_path / "d", own))
    earlier = Registry(root, torch.device("cpu")).get("chest_xray/flow").module.unet
    assert torch.equal(trainer.model.unet.conv_in.weight, earlier.conv_in.weight)
    assert trainer.start["started_from"]["id"] == "chest_xray/flow"


def test_token_states_are_computed_once(root, tmp_path, monkeypatch):
    prepared = load(tmp_path / "texts.safetensors")
    cpu = torch.device("cpu")
    first = kept_states(prepared, tmp_path, cpu)
    monkeypatch.setattr(type(prepared), "states", None)  # a second computation would fail
    again = kept_states(prepared, tmp_path, cpu)
    assert torch.equal(first[prepared.mask], again[prepared.mask])


@pytest.mark.parametrize("taught", [False, True])
def test_the_gan_trains_with_and_without_a_teacher(root, tmp_path, taught, monkeypatch):
    encoder_config = {
        "id": "shared/encoder", "title": "tiny", "seed": 0,
        "model": {"family": "encoder", "widths": [8, 8, 8], "size": 32},
    }  # fmt: skip
    _publish_encoder(encoder_config, root, tmp_path)
    extra = {}
    if taught:
        flow = config(tmp_path, FLOW)
        text_diffusion.train(flow, [tiny.data()], Run(tmp_path / "t", flow))
        extra = {"teacher": "chest_xray/text-diffusion", "bank": 6}
    weights = {"adversarial": 0.1, "l1": 1.0, "perceptual": 1.0, "reading": 0.1}
    own = config(tmp_path, GAN, critic_rate=1e-3, critic_width=16, weights=weights, **extra)
    card = text_gan.train(own, [tiny.data()], Run(tmp_path / "g", own))
    assert card.training["images_seen"] == 24 and ("teacher" in card.training) == taught
    log = (tmp_path / "g" / "history.jsonl").read_text()
    assert all(k in log for k in (*weights, "critic"))
    resumed = Run(tmp_path / "g", own, resume=True)
    monkeypatch.setattr(text_gan, "make_bank", None)  # drawing the bank again would fail
    assert text_gan.TextGanTrainer(own, tiny.data(), resumed) and resumed.images_seen == 24


def _publish_encoder(settings, root, tmp_path):
    from core.cards import Card

    module = build("encoder", settings["model"], lambda i: None)
    recipe = tiny.data().preprocessing.to_dict()
    card = Card("shared/encoder", "shared", "encoder", "encoder", "tiny", settings["model"])
    card.preprocessing = recipe
    publish.publish(Run(tmp_path / "e", settings), card, module, root)


def test_the_text_reaches_the_image(root):
    registry = Registry(root, torch.device("cpu"))
    for settings in (FLOW, GAN):
        torch.manual_seed(0)
        model = build(settings["family"], settings, lambda i: registry.get(i).module).eval()
        tokens = small.encoder().tokenise(["no pneumonia", "right lower lobe consolidation"])
        states = small.encoder().embed(tokens.ids, tokens.mask).requires_grad_()
        text, silent = model.both(states, tokens.mask)
        assert torch.allclose(silent.pooled[0], silent.pooled[1])
        drawn = model.draw(model.noise([1, 1]), text, silent, steps=2, guidance=2.0)
        assert not torch.allclose(drawn[0], drawn[1])
        model.to_image(drawn).sum().backward()
        assert float(states.grad.abs().sum()) > 0
        # tokens behind the end of a text have no say
        assert float(states.grad[~tokens.mask].abs().sum()) == 0
