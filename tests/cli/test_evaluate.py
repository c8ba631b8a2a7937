"""`evaluate`: which models are measured, with which options, and failures."""

from types import SimpleNamespace

import pytest

from core.cli import evaluate
from core.errors import DataError
from tests.archives import brain_zip


@pytest.fixture
def base(tmp_path):
    return ("--domain", "brain_mri", "--data", brain_zip(tmp_path / "brain.zip", 3))


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Calls of a stub evaluator that knows `n` and `seeds` and nothing else."""
    monkeypatch.setattr("core.data.cache.FOLDER", tmp_path / "cache")
    found = []

    def work(registry, model_id, data, n=9, seeds=(0,)):
        found.append((model_id, data.images.shape, n, seeds))
        if "gan" in model_id:
            raise DataError("Too few images.")
        return {"balanced_accuracy": 0.5, "n": n}

    monkeypatch.setattr(evaluate, "import_module", lambda name: SimpleNamespace(evaluate=work))
    return found


def test_every_model_of_the_task_at_its_own_size(core, base, calls):
    answer = core("evaluate", "classifier", *base, "--n", 5, "--splits", "val,test", "--json")
    assert answer.code == 0, answer.err
    assert [c[0] for c in calls] == ["brain_mri/toy-cnn", "brain_mri/toy-worse"]
    assert calls[0][1:] == ((24, 32, 32, 1), 5, (0,))
    assert answer.lines[0]["id"] == "brain_mri/toy-cnn" and answer.lines[0]["metrics"]["n"] == 5
    assert answer.lines[0]["task"] == "classifier" and answer.lines[0]["domain"] == "brain_mri"


def test_one_named_model(core, base, calls):
    answer = core("evaluate", "generator", *base, "--model", "toy-diffusion", "--seeds", 3)
    assert answer.code == 0 and "metrics.json" in answer.out
    assert calls == [("brain_mri/toy-diffusion", (24, 32, 32, 1), 9, (0, 1, 2))]


def test_one_failure_does_not_stop_the_others(core, base, calls):
    answer = core("evaluate", "generator", *base, "--json")
    assert answer.code == 3
    lines = {line["id"]: line for line in answer.lines}
    assert lines["brain_mri/toy-gan"]["error"] == "Too few images."
    assert "balanced_accuracy" in lines["brain_mri/toy-diffusion"]["metrics"]


def test_wrong_usage(core, base, calls):
    for arguments, message in (
        (("poet", *base), "choose one of"),
        (("classifier", *base, "--model", "absent"), "no model"),
        (("classifier", "--domain", "knee", *base[2:]), "Unknown domain"),
    ):
        answer = core("evaluate", *arguments)
        assert answer.code == 2 and message in answer.err
    assert calls == []


def test_explain_measures_classifiers_and_detectors(core, base, calls):
    answer = core("evaluate", "explain", *base, "--n", 5)
    assert answer.code == 0 and "explain.json" in answer.out
    measured = [c[0].removeprefix("brain_mri/") for c in calls]
    assert measured == ["toy-cnn", "toy-worse", "toy-detector"]
    calls.clear()
    assert core("evaluate", "explain", *base, "--model", "toy-detector").code == 0
    assert [c[0] for c in calls] == ["brain_mri/toy-detector"]
