"""Two processes on the CPU under `accelerate launch`: gradients averaged, one model, one writer."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.cards import read_card
from core.training.parallel import processes

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """The folder in which two processes trained together."""
    folder = tmp_path_factory.mktemp("parallel")
    command = [
        sys.executable, "-m", "accelerate.commands.launch",
        "--config_file", ROOT / "configs/accelerate/one-node.yaml", "--num_processes", "2",
        "--main_process_port", str(free_port()),
        "-m", "tests.training.parallel_worker", folder,
    ]  # fmt: skip
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [str(c) for c in command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=1800
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def seen(launched):
    return [torch.load(launched / f"seen-{i}.pt", weights_only=True) for i in range(2)]


def test_both_processes_take_the_same_steps_to_the_same_weights(seen):
    one, two = seen
    assert one["world"] == two["world"] == 2
    assert one["steps"] == two["steps"] == len(one["weights"]) > 3
    assert torch.equal(one["weights"], two["weights"])


def test_gradients_are_the_mean_of_both(seen):
    one, two = seen
    assert not torch.equal(one["own"], two["own"])  # each looked at images of its own
    mean = (one["own"] + two["own"]) / 2
    assert torch.equal(one["used"], two["used"])
    assert torch.allclose(one["used"][1:], mean[1:], atol=1e-7)


def test_the_first_step_is_the_first_process_s(seen):
    """The others' first gradients belong to weights that nobody keeps."""
    one, two = seen
    assert torch.equal(one["used"][0], one["own"][0])
    assert torch.equal(two["used"][0], one["own"][0])


def test_the_first_process_alone_writes(launched):
    card = read_card(launched / "checkpoints" / "chest_xray" / "tiny" / "card.json")
    assert card.training["processes"] == 2
    run = launched / "run"
    assert (run / "state.pt").exists() and (run / "history.jsonl").exists()
    assert card.training["images_seen"] == 2 * 2 * card.training["steps"]


def test_alone_nothing_is_joined():
    found = processes()
    assert (found.rank, found.world, found.device) == (0, 1, None)
    assert found.agreed(0.25) == 0.25
