"""`train`: what reaches the trainer, and wrong usage."""

import pytest

from core.cards import Card
from tests.archives import brain_zip

CONFIG = 'id = "brain_mri/small"\nseed = 3\n[model]\nfamily = "cnn"\n[preprocessing]\nsize = 16\n'


@pytest.fixture
def base(tmp_path):
    """Arguments of a proper call."""
    (tmp_path / "c.toml").write_text(CONFIG)
    return (
        "train", "classifier", "--domain", "brain_mri", "--config", tmp_path / "c.toml",
        "--data", brain_zip(tmp_path / "brain.zip", 4), "--out", tmp_path / "run",
    )  # fmt: skip


@pytest.fixture
def seen(monkeypatch, tmp_path):
    """What the trainer, here a stub, was called with."""
    monkeypatch.setattr("core.data.cache.FOLDER", tmp_path / "cache")
    calls = []

    def work(config, data, run):
        calls.append((config, data, run))
        run.step, run.images_seen = 2, 64
        return Card(config["id"], "brain_mri", "classifier", "cnn", "Small")

    monkeypatch.setattr("core.training.tasks.trainer", lambda task: work)
    return calls


def test_config_data_and_budget_reach_the_trainer(core, base, seen, tmp_path):
    answer = core(*base, "--time-budget", "2m", "--resume", "--json")
    assert answer.code == 0, answer.err
    (config, data, run), line = seen[0], answer.lines[0]
    assert config["seed"] == run.seed == 3 and run.resume
    assert run.folder == tmp_path / "run"
    assert [d.domain.id for d in data] == ["brain_mri"]
    assert data[0].images.shape == (32, 16, 16, 1)  # [preprocessing] of the configuration
    assert line["id"] == "brain_mri/small" and line["images_seen"] == 64 and line["steps"] == 2


def test_several_domains_for_a_shared_model(core, base, seen):
    assert core(*base, "--domain", "brain_mri").code == 0
    assert len(seen[0][1]) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--domain", "knee"), "Unknown domain"),
        (("--config", "gone.toml"), "no configuration file"),
        (("--time-budget", "soon"), "no duration"),
        (("--data", "gone.zip"), "gone.zip"),
    ],
)
def test_wrong_usage(core, base, seen, change, message):
    answer = core(*base, *change)
    assert answer.code == 2 and message in answer.err and seen == []


def test_an_unknown_task_lists_the_known(core, base):
    answer = core("train", "poet", *base[2:])
    assert answer.code == 2 and "diffusion" in answer.err
