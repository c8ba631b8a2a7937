"""Short memory: halved batches, then the CPU, and it is said."""

import pytest
import torch
from torch import nn

from core import memory
from core.errors import SynthLensError
from core.explain import service
from core.services import queue
from core.services.classification import classify
from tests.toy import ToyClassifier, real_image, toy_registry


class Small(nn.Module):
    """Doubles images, at most `room` at a time."""

    def __init__(self, room):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.room, self.sizes = room, []

    def forward(self, x):
        self.sizes.append(len(x))
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return x * self.weight


def test_the_batch_is_halved_until_it_fits():
    said, module, x = [], Small(2), torch.arange(7.0)[:, None]
    out = memory.forward(module, x, 8, said.append)
    assert torch.equal(out, 2 * x)
    assert module.sizes == [7, 4, 2, 2, 2, 1]
    assert said == [memory.SMALLER.format(size=n) for n in (4, 2)]


def test_not_even_one_image_is_one_sentence():
    with pytest.raises(SynthLensError, match="not enough memory") as error:
        memory.forward(Small(0), torch.ones(1, 1), 4, lambda text: None)
    assert error.value.__cause__ is None


def test_another_error_is_not_taken_for_short_memory():
    class Broken(Small):
        def forward(self, x):
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        memory.forward(Broken(1), torch.ones(1, 1), 4, lambda text: None)
    assert memory.short_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))


def test_a_full_device_means_the_cpu(monkeypatch):
    """The meta device stands for a GPU whose memory is full."""
    said, module = [], Small(0).to("meta")
    real = Small(9)
    monkeypatch.setattr(memory.copy, "deepcopy", lambda m: real)
    out = memory.forward(module, torch.ones(2, 1), 2, said.append)
    assert torch.equal(out, torch.full((2, 1), 2.0))
    assert said == [memory.SMALLER.format(size=1), memory.ON_CPU]


def test_a_classifier_answers_the_same_in_smaller_batches(tmp_path, monkeypatch):
    registry, said = toy_registry(tmp_path), []
    images = [real_image(i) for i in range(6)]
    whole = classify(registry, images, "chest_xray", "toy-cnn")
    forward = ToyClassifier.forward

    def greedy(self, x):
        if len(x) > 2:
            raise torch.OutOfMemoryError("no")
        return forward(self, x)

    monkeypatch.setattr(ToyClassifier, "forward", greedy)
    monkeypatch.setattr(queue.Guest, "note", lambda self, text: said.append(text))
    again = classify(registry, images, "chest_xray", "toy-cnn")
    for a, b in zip(whole, again):
        assert a.label == b.label
        assert a.probabilities == pytest.approx(b.probabilities, abs=1e-6)
    assert said and said[-1] == memory.SMALLER.format(size=2)


def test_an_explanation_is_drawn_in_smaller_batches_and_says_so(tmp_path, monkeypatch):
    registry, said, asked = toy_registry(tmp_path), [], []
    inner = service._explained

    def greedy(found, request, settings, how, done):
        asked.append((found.device.type, settings.batch))
        if settings.batch > 12:
            raise torch.OutOfMemoryError("no")
        return inner(found, request, settings, how, done)

    monkeypatch.setattr(service, "_explained", greedy)
    monkeypatch.setattr(queue.Guest, "note", lambda self, text: said.append(text))
    found = service.explain(registry, "chest_xray/toy-cnn", real_image(), ["ig"], metrics=False)
    assert asked == [("cpu", 50), ("cpu", 12)] and said == [memory.SMALLER.format(size=12)]
    assert found.maps["ig"].shape == found.pixels.shape[:2]


def test_no_memory_for_an_explanation_is_one_sentence(tmp_path, monkeypatch):
    def greedy(*args):
        raise torch.OutOfMemoryError("no")

    monkeypatch.setattr(service, "_explained", greedy)
    with pytest.raises(SynthLensError, match="not enough memory"):
        service.explain(toy_registry(tmp_path), "chest_xray/toy-cnn", real_image(), ["ig"])


def test_a_full_gpu_hands_an_explanation_to_the_cpu(tmp_path, monkeypatch):
    registry, asked = toy_registry(tmp_path), []
    registry.device = torch.device("meta")  # stands for a GPU
    inner = service._explained

    def greedy(found, *rest):
        asked.append(found.device.type)
        if found.device.type != "cpu":
            raise torch.OutOfMemoryError("no")
        return inner(found, *rest)

    monkeypatch.setattr(service, "_explained", greedy)
    found = service.explain(
        registry, "chest_xray/toy-cnn", real_image(), ["gradcam"], metrics=False
    )
    assert asked == ["meta"] * 3 + ["cpu"] and "gradcam" in found.maps


def test_freed_memory_goes_back_to_the_system():
    """glibc keeps small freed blocks until asked; other systems have nothing to ask."""
    import sys

    import psutil

    before = psutil.Process().memory_info().rss
    kept = [bytes(60_000) + bytes([i % 256]) for i in range(4000)]
    full = psutil.Process().memory_info().rss
    del kept
    memory.trim()
    after = psutil.Process().memory_info().rss
    assert full - before > 150e6
    if sys.platform == "linux":
        assert after - before < 60e6
