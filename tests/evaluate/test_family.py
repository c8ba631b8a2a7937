"""The nearest generator family: fitted on features, ranked for suspicious images alone."""

import json

import numpy as np
import pytest
import torch

from core.evaluate import family
from core.models.detector import Detector
from core.registry import Loaded
from core.services.detection import detect
from core.services.generation import generate
from tests.toy import real_image, toy_registry


def clusters(n, seed):
    rng = np.random.default_rng(seed)
    names = [("a", "b", "c")[i % 3] for i in range(n)]
    centres = {"a": 0.0, "b": 5.0, "c": -5.0}
    return np.stack([rng.normal(centres[k], 1, 6) for k in names]).astype(np.float32), names


def test_separate_families_are_told_apart_and_shuffled_ones_are_not():
    train, held = clusters(150, 0), clusters(60, 1)
    fitted = family.fit(*train, *held)
    assert fitted["validation"]["balanced_accuracy"] > 0.95
    assert fitted["validation"]["chance"] == pytest.approx(1 / 3)
    noise = np.random.default_rng(2).normal(size=(150, 6)).astype(np.float32)
    random = family.fit(noise, train[1], noise[:60] + 9, held[1])
    assert random["validation"]["balanced_accuracy"] < 0.6


def test_a_held_out_family_that_was_never_seen_is_not_counted():
    train = clusters(90, 0)
    features, names = clusters(30, 1)
    fitted = family.fit(*train, features, ["z" if n == "c" else n for n in names])
    assert fitted["validation"]["n"] == 20


def test_probabilities_follow_the_written_head(tmp_path):
    registry = toy_registry(tmp_path)
    card = registry.card("chest_xray/toy-detector")
    module = Detector(1, card.preprocess().size, width=4).eval()
    loaded = Loaded(card, module, torch.device("cpu"), registry.get(card.id).lock, 0)
    dimensions = module.head.in_features
    weight = np.zeros((2, dimensions)).tolist()
    fitted = {"families": ["x", "y"], "weight": weight, "bias": [0.0, np.log(3)]}
    family.write(registry.folder(card.id), card, json.loads(json.dumps(fitted)))
    found = family.nearest(registry, loaded, [real_image()])[0]
    assert list(found) == ["y", "x"] and found["y"] == pytest.approx(0.75)


def test_verdicts_without_a_head_name_no_family(tmp_path):
    registry = toy_registry(tmp_path)
    fake = generate(registry, "chest_xray", "toy-gan", "viral", 1, 0)[0].pixels[..., 0]
    assert detect(registry, [fake], "chest_xray", stability=False)[0].families == {}
