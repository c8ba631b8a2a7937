"""`kill -9` during training, evaluation and study: it goes on, and only the last step is redone."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.faults.processes import Killed
from tests.faults.worker import SAVE, STEP

TRAININGS = {
    "train_classifier": "chest_xray/tiny",
    "train_gan": "chest_xray/toy",
    "train_diffusion": "chest_xray/flow",
}
STOP = 4


@pytest.fixture(scope="module", params=TRAININGS)
def training(request, tmp_path_factory):
    """An uninterrupted training: its kind, checkpoint, steps and folder."""
    whole = Killed(request.param, tmp_path_factory.mktemp("whole") / "work")
    steps = [line for line in whole.finish() if line.startswith(STEP)]
    assert len(steps) > STOP + 1
    return request.param, TRAININGS[request.param], steps, whole.folder


def weights(folder, model):
    return load_file(folder / "checkpoints" / model / "model.safetensors")


def log(folder):
    """What the run logged, without the clock."""
    lines = [json.loads(x) for x in (folder / "run" / "history.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


@pytest.mark.parametrize("moment", [STEP, SAVE])
def test_a_killed_training_goes_on_from_its_last_step(training, moment, tmp_path):
    kind, model, steps, whole = training
    cut = Killed(kind, tmp_path / "work")
    first = [x for x in cut.kill_at(moment, STOP) if x.startswith(STEP)]
    rest = [x for x in cut.finish() if x.startswith(STEP)]
    assert first == steps[: len(first)] and rest == steps[len(steps) - len(rest) :]
    assert 0 <= len(first) + len(rest) - len(steps) <= 1  # the last step and no other
    ours, theirs = weights(cut.folder, model), weights(whole, model)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert log(cut.folder) == log(whole)
    assert not list((cut.folder / "run").glob("*.partial"))


def test_a_killed_evaluation_keeps_what_it_drew(tmp_path):
    whole, cut = Killed("evaluate", tmp_path / "whole"), Killed("evaluate", tmp_path / "cut")
    pieces = whole.finish()
    first, rest = cut.kill_at(STEP, STOP), cut.finish()
    assert len(pieces) == 9 and first == pieces[:STOP]
    assert rest == pieces[STOP - 1 :]  # the piece that was not written down yet, and the others
    one, two = (
        json.loads((w.folder / "checkpoints/blobs/good/metrics.json").read_text())
        for w in (whole, cut)
    )
    assert {k: v for k, v in one.items() if k != "seconds"} == {
        k: v for k, v in two.items() if k != "seconds"
    }
    assert not list((cut.folder / "cache" / "evaluation").iterdir())  # the journal is closed


def test_a_killed_study_keeps_its_finished_cells(tmp_path):
    whole, cut = Killed("study", tmp_path / "whole"), Killed("study", tmp_path / "cut")
    cells = whole.finish()
    first, rest = cut.kill_at(STEP, 3), cut.finish()
    assert len(cells) > 4 and first == cells[:3] and rest == cells[2:]
    for path in sorted((whole.folder / "study" / "cells").iterdir()):
        other = cut.folder / "study" / "cells" / path.name
        if path.suffix == ".npz":
            assert np.array_equal(np.load(path)["test"], np.load(other)["test"])
        else:
            one, two = (json.loads(p.read_text()) for p in (path, other))
            assert one | {"seconds": 0} == two | {"seconds": 0}
