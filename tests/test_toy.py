"""The toy checkpoints behave as their docstring says: other tests stand on it."""

import torch

from core.registry import default_registry
from tests.toy import SIZE, real_image, toy_registry, toys  # noqa: F401


def test_every_toy_model_is_verified_and_loads(tmp_path):
    registry = toy_registry(tmp_path, ("chest_xray", "colorectal_polyps"))
    assert all(s.verified for s in registry.statuses())
    assert {registry.get(c.id).card.task for c in registry.cards()} == {
        "generator", "classifier", "detector", "encoder",
    }  # fmt: skip


def test_classifier_reads_the_class_and_detector_the_mark(tmp_path):
    registry = toy_registry(tmp_path)
    generator = registry.get("chest_xray/toy-gan").module
    images = generator.sample(torch.arange(4), [1, 2, 3, 4])
    assert images.shape == (4, 1, SIZE, SIZE)
    found = registry.get("chest_xray/toy-conditions").module(images).argmax(1)
    assert found.tolist() == [0, 1, 2, 3]
    detector = registry.get("chest_xray/toy-detector")
    assert detector.module(images).argmax(1).tolist() == [1] * 4
    real = detector.card.preprocess()(real_image())
    assert detector.module(real).argmax(1).item() == 0


def test_default_registry_can_be_pointed_at_the_toys(toys, tmp_path):  # noqa: F811
    assert toys is default_registry()
    assert default_registry().root == tmp_path / "checkpoints"
    assert {c.domain for c in toys.cards()} == {"chest_xray", "brain_mri", "colorectal_polyps"}
