"""Variations of a given image: strength, seeds, and models that cannot start from one."""

import shutil

import numpy as np
import pytest
import torch

from core import domains
from core.cards import Card
from core.errors import CheckpointError, SynthLensError
from core.registry import Registry
from core.services.variation import can_vary, infer_class, vary
from core.training import autoencoder, diffusion, publish
from core.training.run import Run
from core.ui.variation import sentence
from tests.toy import real_image, toy_registry
from tests.training import tiny
from tests.training.test_latent_models import AE, FLOW


@pytest.fixture
def registry(tmp_path, monkeypatch):
    root = tmp_path / "checkpoints"
    monkeypatch.setattr(publish, "ROOT", root)
    monkeypatch.setattr(diffusion, "Registry", lambda device: Registry(root, device))
    autoencoder.train(AE, [tiny.data()], Run(tmp_path / "ae", AE))
    diffusion.train(FLOW, [tiny.data()], Run(tmp_path / "flow", FLOW))
    return Registry(root, torch.device("cpu"))


def image():
    return tiny.data().images[0].squeeze()


def test_variations_differ_by_seed_and_say_what_they_came_from(registry):
    made = vary(registry, image(), "chest_xray", "normal", 2, 3, 0.8, options={"steps": 2})
    assert [m.seed for m in made] == [3, 4] and made[0].class_id == "normal"
    assert not np.array_equal(made[0].pixels, made[1].pixels)
    assert made[0].options["strength"] == 0.8 and "given image" in made[0].note


def test_no_strength_gives_the_reconstruction_whatever_the_seed(registry):
    made = vary(registry, image(), "chest_xray", "normal", 2, 3, 0.0, options={"steps": 2})
    assert np.array_equal(made[0].pixels, made[1].pixels)


def test_bad_requests_get_one_sentence(registry):
    with pytest.raises(SynthLensError, match="strength from 0 to 1"):
        vary(registry, image(), "chest_xray", "normal", strength=1.5)
    with pytest.raises(CheckpointError, match="brain_mri"):
        vary(registry, image(), "brain_mri", "glioma")
    with pytest.raises(CheckpointError, match="choose the class yourself"):
        infer_class(registry, image(), "chest_xray")


def test_the_finest_labelling_infers_a_class_and_all_its_classes_are_known(tmp_path):
    toys = toy_registry(tmp_path)
    seen = infer_class(toys, real_image(1), "chest_xray")
    assert seen.model == "chest_xray/toy-conditions"
    assert seen.classes == (seen.label,) and seen.unknown == ()
    assert 0 < seen.probability <= 1


def test_a_coarser_label_names_the_classes_it_covers_and_those_it_cannot_know(tmp_path):
    toys = toy_registry(tmp_path)
    shutil.rmtree(toys.root / "chest_xray" / "toy-conditions")
    bright = np.full((32, 32), 230, np.uint8)  # the toy classifier reads brightness
    seen = infer_class(toys, bright, "chest_xray")
    assert (seen.label, seen.classes) == ("PNEUMONIA", ("bacterial", "viral"))
    assert seen.unknown == ("covid19",)
    said = sentence(domains.get("chest_xray"), seen)
    assert "sees Pneumonia" in said and "never taught COVID-19" in said
    assert "fits Bacterial pneumonia or Viral pneumonia: it does not tell them apart" in said


def test_only_latent_diffusion_can_start_from_an_image():
    card = Card("d/x", "d", "generator", "stylegan2", "x")
    assert not can_vary(card)
