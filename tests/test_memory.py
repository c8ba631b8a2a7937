"""Short memory: halved batches, then the CPU, and it is said."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from core import memory
from core.errors import SynthLensError
from core.explain import service
from core.registry import Registry
from core.services import queue
from core.services.classification import classify
from core.services.generation import generate
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
    monkeypatch.setattr(memory, "on_cpu", lambda m: real)
    out = memory.forward(module, torch.ones(2, 1), 2, said.append)
    assert torch.equal(out, torch.full((2, 1), 2.0))
    assert said == [memory.SMALLER.format(size=1), memory.ON_CPU]


def test_a_copy_on_the_cpu_shares_nothing_with_the_original():
    """Nor does it pass through the device, which has no room for it."""
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    copied = memory.on_cpu(module)
    one, two = module.state_dict(), copied.state_dict()
    assert one.keys() == two.keys()
    assert all(torch.equal(one[k], two[k]) for k in one)
    with torch.no_grad():
        for tensor in two.values():
            tensor += 1
    assert not any(torch.equal(one[k], copied.state_dict()[k]) for k in one)
    assert copied(torch.ones(1, 1, 4, 4)).shape == (1, 2, 2, 2)


def full(monkeypatch, kind="meta"):
    """A device on which no weight finds room; the meta device stands for a GPU."""
    move = nn.Module.to

    def refuse(self, *args, **kwargs):
        if args and args[0] == torch.device(kind):
            raise torch.OutOfMemoryError("no")
        return move(self, *args, **kwargs)

    monkeypatch.setattr(nn.Module, "to", refuse)


def test_weights_that_find_no_room_on_the_gpu_go_to_the_cpu_and_it_is_said(tmp_path, monkeypatch):
    registry, said = toy_registry(tmp_path), []
    registry.device = torch.device("meta")
    full(monkeypatch)
    monkeypatch.setattr(queue.Guest, "note", lambda self, text: said.append(text))
    loaded = registry.get("chest_xray/toy-cnn")
    assert loaded.device.type == "cpu" and loaded.note == memory.ON_CPU
    (found,) = classify(registry, [real_image()], "chest_xray", "toy-cnn")
    assert found.probabilities and said == [memory.ON_CPU]
    (image,) = generate(registry, "chest_xray", "toy-gan", "normal", 1, 0)
    assert image.note == memory.ON_CPU and image.pixels.shape == (32, 32, 1)


def test_room_is_made_before_a_model_goes_to_the_cpu(tmp_path, monkeypatch):
    registry, place = toy_registry(tmp_path), Registry._placed
    registry.get("chest_xray/toy-gan")

    def crowded(self, card):
        if self.loaded_ids():
            raise torch.OutOfMemoryError("no")
        return place(self, card)

    monkeypatch.setattr(Registry, "_placed", crowded)
    assert registry.get("chest_xray/toy-cnn").note == ""
    assert registry.loaded_ids() == ["chest_xray/toy-cnn"]


def test_weights_that_fit_nowhere_are_one_sentence(tmp_path, monkeypatch):
    registry = toy_registry(tmp_path)
    full(monkeypatch, "cpu")
    with pytest.raises(SynthLensError, match=r"not enough memory to load chest_xray/toy-cnn"):
        registry.get("chest_xray/toy-cnn")


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


FREED = """
import psutil
from core import memory

own = psutil.Process()
kept = [bytes(60_000) + bytes([i % 256]) for i in range(4000)]
full = own.memory_info().rss
del kept
memory.trim()
print(full - own.memory_info().rss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have nothing to ask")
def test_freed_memory_goes_back_to_the_system():
    """glibc keeps small freed blocks until asked; in a process of its own, nothing else is free."""
    done = subprocess.run(
        [sys.executable, "-c", FREED], cwd=Path(__file__).parents[1], capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) > 100e6
