"""Leave-one-degradation-out on made-up images: nobody trained on what it is walked along."""

import json

import numpy as np
import pytest
import torch

from core.errors import DataError
from core.evaluate import unseen_degradation as work
from core.registry import Registry
from core.training import detector
from core.training.run import Run
from tests.training.test_detector import config, made_up


def test_a_kind_is_trained_without_once_and_walked_beside_the_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr("core.training.publish.ROOT", tmp_path / "checkpoints")
    data, settings = made_up(), config()
    detector.train(settings, [data], Run(tmp_path / "run", settings))
    registry = Registry(tmp_path / "checkpoints", torch.device("cpu"))
    made = np.zeros((6, *data.images.shape[1:]), np.uint8)
    monkeypatch.setattr(work, "gather", lambda *_: {"blend": made})
    asked, plain = [], work.fit

    def watched(config, own, run):
        asked.append(config["fakes"]["degradation_left_out"])
        return plain(config, own, run)

    monkeypatch.setattr(work, "fit", watched)
    call = {"n": 12, "draws": 20}
    found = work.evaluate(registry, settings, data, tmp_path / "w", kinds=["noise"], **call)
    assert asked == ["noise"]
    curve = found["kinds"]["noise"]["curve"]
    assert [p["amount"] for p in curve] == [None, *work.CURVES["noise"]]
    for point in curve:
        for figures in (point, point["trained_on_it"]):
            own = figures["balanced_accuracy"]
            assert own["ci"][0] <= own["value"] <= own["ci"][1] and 0 <= figures["unsure"] <= 1
    path = registry.folder(settings["id"]) / work.FILE
    assert json.loads(path.read_text()) == found
    again = work.evaluate(registry, settings, data, tmp_path / "w", kinds=["noise"], **call)
    assert again == found and asked == ["noise"]


def test_an_unknown_degradation_is_named(tmp_path):
    with pytest.raises(DataError, match="No degradation 'rain'; choose of: jpeg"):
        work.evaluate(Registry(tmp_path), {"id": "d/x"}, made_up(), tmp_path, kinds=["rain"])
