"""Generation: seeds, labels, batches, cancelling and running out of memory."""

import numpy as np
import pytest
import torch

from core.errors import CancelledError, CheckpointError, SynthLensError
from core.services import generation
from core.services.generation import generate
from tests.toy import SIZE, ToyGenerator, toy_registry


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def test_each_image_has_its_own_seed_whatever_the_batch(registry, monkeypatch):
    whole = generate(registry, "chest_xray", "toy-gan", "viral", 5, 7)
    assert [image.seed for image in whole] == [7, 8, 9, 10, 11]
    assert whole[0].pixels.shape == (SIZE, SIZE, 1) and whole[0].pixels.dtype == np.uint8
    monkeypatch.setattr(generation, "BATCH", 2)
    alone = generate(registry, "chest_xray", "toy-gan", "viral", 1, 9)
    assert np.array_equal(alone[0].pixels, whole[2].pixels)
    assert not np.array_equal(whole[0].pixels, whole[1].pixels)


def test_a_task_label_cycles_through_its_classes(registry):
    images = generate(registry, "chest_xray", None, "PNEUMONIA", 5, 0)
    assert [image.class_id for image in images] == [
        "bacterial", "viral", "bacterial", "viral", "bacterial",
    ]  # fmt: skip


def test_the_default_model_has_the_best_measured_ratio(registry):
    image = generate(registry, "chest_xray", None, "normal", 1, 0)[0]
    assert image.model == "chest_xray/toy-diffusion" and image.domain == "chest_xray"


def test_options_reach_the_model(registry):
    plain = generate(registry, "chest_xray", "toy-gan", "normal", 1, 3)[0]
    mean = generate(registry, "chest_xray", "toy-gan", "normal", 1, 3, {"truncation": 0.0})[0]
    other = generate(registry, "chest_xray", "toy-gan", "normal", 1, 4, {"truncation": 0.0})[0]
    assert mean.options == {"truncation": 0.0}
    assert np.array_equal(mean.pixels, other.pixels)
    assert not np.array_equal(mean.pixels, plain.pixels)


def test_progress_rises_to_one_and_shows_previews(registry):
    shares, shapes = [], set()

    def report(share, preview):
        shares.append(share)
        shapes.add(None if preview is None else preview.shape)

    generate(registry, "chest_xray", "toy-diffusion", "normal", 3, 0, progress=report)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) == 5
    assert shapes == {None, (3, SIZE, SIZE, 1)}


def test_cancelling_keeps_finished_batches(registry, monkeypatch):
    def stop(share, preview):
        if share > 0.7:
            raise CancelledError("stopped")

    monkeypatch.setattr(generation, "BATCH", 2)
    images = generate(registry, "chest_xray", "toy-gan", "normal", 6, 0, progress=stop)
    assert [image.seed for image in images] == [0, 1, 2, 3]


def test_short_memory_means_smaller_batches_and_a_note(registry, monkeypatch):
    sample = ToyGenerator.sample

    def greedy(self, labels, seeds, progress=None, **options):
        if len(seeds) > 4:
            raise torch.OutOfMemoryError("no")
        return sample(self, labels, seeds, progress, **options)

    monkeypatch.setattr(ToyGenerator, "sample", greedy)
    images = generate(registry, "chest_xray", "toy-gan", "normal", 9, 0)
    assert [image.seed for image in images] == list(range(9))
    assert "batches of 4" in images[0].note


def test_other_errors_are_not_taken_for_short_memory(registry, monkeypatch):
    def broken(self, *args, **options):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(ToyGenerator, "sample", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        generate(registry, "chest_xray", "toy-gan", "normal", 1, 0)


def test_no_memory_at_all_is_said_plainly(registry, monkeypatch):
    def greedy(self, *args, **options):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(ToyGenerator, "sample", greedy)
    with pytest.raises(SynthLensError, match="not enough memory"):
        generate(registry, "chest_xray", "toy-gan", "normal", 1, 0)


@pytest.mark.parametrize(
    ("domain", "model", "label", "n", "error"),
    [
        ("nowhere", None, "normal", 1, KeyError),
        ("chest_xray", None, "glioma", 1, KeyError),
        ("chest_xray", "absent", "normal", 1, CheckpointError),
        ("chest_xray", "toy-cnn", "normal", 1, CheckpointError),
        ("chest_xray", None, "normal", 0, SynthLensError),
        ("brain_mri", None, "glioma", 1, CheckpointError),
    ],
)
def test_wrong_requests_are_refused(registry, domain, model, label, n, error):
    with pytest.raises(error):
        generate(registry, domain, model, label, n, 0)
