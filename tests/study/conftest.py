"""A small study on made-up images with toy generators."""

import copy

import pytest
import torch

from core.study.material import gather
from core.study.pack import make_pack
from tests.toy import SIZE, toy_registry
from tests.training import tiny

CONFIG = {
    "domain": "chest_xray", "task": "conditions", "shares": [0.25, 1.0], "seeds": [2, 1],
    "ratios": [0.5, 1.0], "central": 1, "keep": ["cnn_25_gan@1_s0"],
    "packs": {"diffusion": "packs/diffusion", "gan": "packs/gan"},
    "train": {"steps": 12, "batch": 8, "lr": 0.01, "warmup": 2, "ema": 0.5, "looks": 3, "mixup": 0},
    "augment": {"rotation": 3, "brightness": 0.05, "contrast": 0.05},
    "held_out": {"shift": {"rotation": 2, "brightness": 0.02}},
    "models": {
        "cnn": {"size": SIZE, "widths": [4, 4, 4], "dense": 8, "dropout": 0.0},
        "vit": {"size": SIZE, "patch": 16, "dim": 8, "depth": 1, "heads": 1},
    },
}  # fmt: skip


@pytest.fixture
def config():
    return copy.deepcopy(CONFIG)


@pytest.fixture(scope="session")
def images():
    return tiny.data(SIZE, 80)


@pytest.fixture(scope="session")
def generators(tmp_path_factory):
    return toy_registry(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def packed(tmp_path_factory, generators, images):
    """A folder with both packs, as many images per class as the real training set holds."""
    root = tmp_path_factory.mktemp("study")
    wanted = dict.fromkeys(images.domain.class_ids, 14)
    for name, model in (("diffusion", "toy-diffusion"), ("gan", "toy-gan")):
        make_pack(generators, "chest_xray", model, wanted, root / "packs" / name, gate=False)
    return root


@pytest.fixture
def material(images, packed, config):
    return gather(images, config, packed, torch.device("cpu"))
