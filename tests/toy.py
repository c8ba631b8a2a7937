"""A tiny registry of checkpoints with known behaviour, so that services, command line and pages
are tested without the shipped models.

    root = write_registry(tmp_path)          # folder of checkpoints, a few kB
    registry = Registry(root, torch.device("cpu"))

Images of the toy generators: the first class is dark and every later class brighter; a fine
checkerboard marks them as synthetic. The toy classifier reads brightness, the toy detector reads
the checkerboard, the toy encoder returns an 8 x 8 thumbnail. For an AppTest use the fixture
`toys` (`from tests.toy import toys  # noqa: F401`): it points `default_registry()` at toy
checkpoints for all domains but colorectal texture.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from core import domains
from core.cards import Card, sha256, write_card, write_json
from core.models.base import Classifier, StyleGenerator, family, noise
from core.preprocessing import Preprocessing
from core.registry import WEIGHTS, Registry, default_registry

SIZE = 32
MARK = 0.2  # amplitude of the checkerboard, in the normalised range


def checkerboard(size: int) -> torch.Tensor:
    """(size, size) of +1 and -1."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return 1.0 - 2.0 * ((x + y) % 2)


class ToyGenerator(StyleGenerator):
    """Brightness by class, a smooth bump by seed, and a checkerboard over all."""

    num_layers = 2
    z_dim = 4

    def __init__(self, classes: int, channels: int, size: int, steps: int) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.linspace(-0.6, 0.4, classes))
        self.channels, self.size, self.steps = channels, size, steps

    def map(self, z, labels):
        w = torch.cat([z, self.levels[labels][:, None]], dim=1)
        return w[:, None].repeat(1, self.num_layers, 1)

    def synthesise(self, w):
        axis = torch.linspace(-1, 1, self.size)
        centre = 0.5 * torch.tanh(w[:, 0, :2])
        dx = axis[None, None, :] - centre[:, 0, None, None]
        dy = axis[None, :, None] - centre[:, 1, None, None]
        bump = 0.2 * torch.exp(-4 * (dx**2 + dy**2))
        image = w[:, 1, -1, None, None] + bump + MARK * checkerboard(self.size)
        return image[:, None].repeat(1, self.channels, 1, 1)

    def sample(self, labels, seeds, progress=None, **options):
        w = self.map(noise((self.z_dim,), seeds), labels)
        w[..., : self.z_dim] *= options.get("truncation", 1.0)
        steps = int(options.get("steps", self.steps))
        for step in range(steps):
            if progress:
                progress((step + 1) / steps, self.synthesise(w) * (step + 1) / steps)
        return self.synthesise(w)


class ToyClassifier(Classifier):
    """Logits that grow with brightness: dark is class 0, bright the last class."""

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.head = nn.Linear(4, classes)
        nn.init.constant_(self.conv.weight, 1 / (9 * channels))
        nn.init.constant_(self.conv.bias, 1.0)
        centres = torch.linspace(-0.6, 0.4, classes)
        with torch.no_grad():  # -8 (m - c)² up to a constant of m, where m is the mean brightness
            self.head.weight.copy_((16 * centres / 4)[:, None].repeat(1, 4))
            self.head.bias.copy_(-8 * centres**2 - 16 * centres)

    def features(self, x):
        return torch.relu(self.conv(x)).mean(dim=(2, 3))

    def forward(self, x):
        return self.head(self.features(x))

    def cam_layer(self):
        return self.conv


class ToyDetector(Classifier):
    """Two logits, real and synthetic: how much checkerboard the image holds."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 2, stride=2, bias=False)
        self.head = nn.Linear(1, 2)
        with torch.no_grad():
            kernel = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]) / (4 * channels)
            self.conv.weight.copy_(kernel.expand(1, channels, 2, 2))
            self.head.weight.copy_(torch.tensor([[-30.0], [30.0]]))
            self.head.bias.copy_(torch.tensor([3.0, -3.0]))

    def features(self, x):
        return self.conv(x).mean(dim=(2, 3))

    def forward(self, x):
        return self.head(self.features(x))

    def cam_layer(self):
        return self.conv


class ToyEncoder(nn.Module):
    """An 8 x 8 grey thumbnail as features, (N, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, x):
        small = nn.functional.adaptive_avg_pool2d(x.mean(dim=1, keepdim=True), 8)
        return self.gain * small.flatten(1)

    features = forward


@family("toy_generator")
def _generator(config, load):
    return ToyGenerator(**config)


@family("toy_classifier")
def _classifier(config, load):
    return ToyClassifier(**config)


@family("toy_detector")
def _detector(config, load):
    return ToyDetector(**config)


@family("toy_encoder")
def _encoder(config, load):
    return ToyEncoder()


def write_model(root: Path, card: Card, module: nn.Module, metrics: dict[str, Any] | None) -> Card:
    """Save one toy checkpoint: weights, card with their sha256, metrics and a short history."""
    folder = root / card.id
    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in module.state_dict().items()}, folder / WEIGHTS)
    card.files = {WEIGHTS: sha256(folder / WEIGHTS)}
    card.parameters = sum(p.numel() for p in module.parameters())
    write_card(card, folder)
    if metrics is not None:
        write_json(folder / "metrics.json", metrics)
    lines = [{"step": i, "seconds": i, "images_seen": 8 * i, "loss": 1 / (i + 1)} for i in range(5)]
    (folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return card


def write_registry(root: Path, domain_ids: tuple[str, ...] = ("chest_xray",)) -> Path:
    """Write toy checkpoints for some domains below `root` and return `root`.

    Per domain: generators `toy-diffusion` and `toy-gan`, classifiers `toy-cnn` (best on
    validation) and `toy-worse` of the default task, one classifier `toy-conditions` where the
    domain has a second task, detector `toy-detector`, encoder `toy-encoder`.
    """
    for domain_id in domain_ids:
        domain = domains.get(domain_id)
        recipe = Preprocessing(size=SIZE, channels=domain.channels).to_dict()
        for card, module, metrics in _models(domain):
            card.preprocessing = recipe
            card.training = {"seed": 0, "images_seen": 32}
            card.limits = ["A toy model for tests."]
            card.licence = "MIT"
            write_model(root, card, module, metrics)
    return root


def _models(domain: domains.Domain) -> list[tuple[Card, nn.Module, dict[str, Any] | None]]:
    channels, found = domain.channels, []
    for name, steps, ratio in (("toy-diffusion", 4, 0.6), ("toy-gan", 1, 0.4)):
        config = {
            "classes": len(domain.classes), "channels": channels, "size": SIZE, "steps": steps,
        }  # fmt: skip
        card = _card(domain, name, "generator", "toy_generator", config, domain.class_ids)
        found.append((card, ToyGenerator(**config), {"fid_ratio": ratio, "n": 8}))
    named = [("toy-cnn", domain.tasks[0], 0.9), ("toy-worse", domain.tasks[0], 0.7)]
    named += [(f"toy-{task.id}", task, 0.8) for task in domain.tasks[1:]]
    for name, task, score in named:
        config = {"classes": len(task.labels), "channels": channels}
        card = _card(domain, name, "classifier", "toy_classifier", config, task.labels)
        card.calibration = {
            "temperature": 2.0 if name == "toy-cnn" else 1.0,
            "threshold": 0.5,
            "validation": {"balanced_accuracy": score},
        }
        card.training["task"] = task.id
        # the worse model shines on the test set: a default must never be chosen by it
        test = 1.0 - score
        metrics = {"test": {"official": {"balanced_accuracy": test, "n": 8}}}
        found.append((card, ToyClassifier(**config), metrics))
    card = _card(domain, "toy-detector", "detector", "toy_detector", {"channels": channels},
                 ("real", "synthetic"))  # fmt: skip
    card.calibration = {"temperature": 1.0, "threshold": 0.5}
    found.append((card, ToyDetector(channels), {"balanced_accuracy": 0.9, "n": 8}))
    card = _card(domain, "toy-encoder", "encoder", "toy_encoder", {}, ())
    found.append((card, ToyEncoder(), None))
    return found


def _card(domain, name, task, family_name, config, classes) -> Card:
    title = name.replace("-", " ").capitalize()
    return Card(f"{domain.id}/{name}", domain.id, task, family_name, title, dict(config),
                list(classes))  # fmt: skip


def toy_registry(root: Path, domain_ids: tuple[str, ...] = ("chest_xray",)) -> Registry:
    """Write toy checkpoints and open them on the CPU."""
    return Registry(write_registry(root, domain_ids), torch.device("cpu"))


def use_registry(monkeypatch, root: Path, domain_ids=("chest_xray",)) -> Registry:
    """Make `default_registry()` answer with toy checkpoints, wherever it was imported before."""
    default_registry.cache_clear()
    monkeypatch.setattr("core.registry.ROOT", write_registry(root, domain_ids))
    monkeypatch.setattr(Registry.__init__, "__defaults__", (root, torch.device("cpu"), 2 << 30))
    return default_registry()


@pytest.fixture
def toys(tmp_path: Path, monkeypatch):
    """`default_registry()` with toy checkpoints of three domains, for the length of a test."""
    root = tmp_path / "checkpoints"
    yield use_registry(monkeypatch, root, ("chest_xray", "brain_mri", "colorectal_polyps"))
    default_registry.cache_clear()


def real_image(seed: int = 0, size: int = 48, channels: int = 1) -> np.ndarray:
    """A smooth made-up "real" image without a checkerboard, uint8 (H, W) or (H, W, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 200, (6, 6) if channels == 1 else (6, 6, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def write_images(folder: Path, n: int = 3, channels: int = 1) -> list[Path]:
    """Write `n` made-up PNGs named a.png, b.png, … and return their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{chr(97 + i)}.png" for i in range(n)]
    for i, path in enumerate(paths):
        Image.fromarray(real_image(i, channels=channels)).save(path)
    return paths
