"""A full disk, and folders that may not be written: one sentence, and what was there stays."""

import json

import numpy as np
import pytest
import torch

from core.cards import Card, write_json
from core.errors import about_files
from core.evaluate.journal import Journal
from core.registry import Registry
from core.services.classification import classify
from core.services.detection import detect
from core.services.generation import generate
from core.training.publish import publish
from core.training.run import Run
from tests.cli.conftest import core  # noqa: F401
from tests.faults.conftest import full_disk, read_only
from tests.toy import ToyClassifier, real_image, toys, write_images  # noqa: F401


def test_json_keeps_its_old_content(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"auc": 0.9})
    with pytest.raises(OSError) as error, full_disk():
        write_json(path, {"auc": [0.1] * 5000})
    assert json.loads(path.read_text()) == {"auc": 0.9}
    assert about_files(error.value).startswith("The disk is full")


def test_training_keeps_its_last_state(tmp_path):
    run = Run(tmp_path, {})
    run.step = 1
    run.save_state({"weights": torch.ones(4)})
    run.step = 2
    with pytest.raises((OSError, RuntimeError)) as error, full_disk(20_000):
        run.save_state({"weights": torch.ones(100_000)})
    assert about_files(error.value).startswith("The disk is full")
    again = Run(tmp_path, {}, resume=True)
    assert torch.equal(again.load_state()["weights"], torch.ones(4)) and again.step == 1


def test_a_published_model_stays_whole(tmp_path):
    def card():
        return Card("toy/a", "toy", "classifier", "toy_classifier", "A")

    run = Run(tmp_path / "run", {})
    publish(run, card(), ToyClassifier(2, 1), tmp_path)
    with pytest.raises(Exception) as error, full_disk(4000):  # safetensors' own error
        publish(run, card(), ToyClassifier(4000, 1), tmp_path)
    assert about_files(error.value).startswith("The disk is full")
    assert Registry(tmp_path, torch.device("cpu")).status("toy/a").verified


def test_an_evaluation_goes_on_without_its_journal(tmp_path, caplog):
    journal, image = Journal({}, tmp_path), np.ones(10_000, np.uint8)
    with full_disk():
        assert journal.once("a", lambda: image) is image
    assert "Could not keep" in caplog.text
    assert np.array_equal(journal.once("a", lambda: image + 1), image + 1)  # no half a file


def test_a_command_says_so_and_names_its_exit_code(core, tmp_path):  # noqa: F811
    arguments = ("generate", "--domain", "chest_xray", "--model", "toy-gan", "--class", "normal")
    with full_disk(50):
        answer = core(*arguments, "--n", 1, "--out", tmp_path / "out")
    assert answer.code == 1 and "The disk is full" in answer.err and "Traceback" not in answer.err
    (tmp_path / "closed").mkdir()
    with read_only(tmp_path / "closed"):
        answer = core(*arguments, "--n", 1, "--out", tmp_path / "closed" / "out")
    assert answer.code == 1 and "No permission to write" in answer.err


def test_read_only_checkpoints_serve_everything(toys):  # noqa: F811
    with read_only(toys.root):
        assert all(status.verified for status in toys.statuses())
        assert generate(toys, "chest_xray", "toy-gan", "normal", 1, 0)
        assert classify(toys, [real_image()], "chest_xray")
        assert detect(toys, [real_image()], "chest_xray")[0].verdict == "real"


def test_a_command_needs_no_right_to_write_beside_the_models(core, toys, tmp_path):  # noqa: F811
    (image, *_) = write_images(tmp_path / "in")
    with read_only(toys.root):
        answer = core("detect", image, "--domain", "chest_xray", "--json")
    assert answer.code == 0 and answer.lines[0]["verdict"] == "real"


def test_other_errors_are_not_taken_for_the_disks():
    assert about_files(FileNotFoundError(2, "No such file", "x")) is None
    assert about_files(RuntimeError("shapes do not match")) is None
