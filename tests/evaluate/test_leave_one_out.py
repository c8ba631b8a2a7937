"""Leave-one-generator-out on made-up images: nobody has seen what it is asked about."""

import json

import numpy as np
import pytest
import torch

from core.cards import Card
from core.errors import DataError
from core.evaluate import leave_one_out as loo
from core.registry import Registry
from core.training import detector
from core.training.run import Run
from tests.training.test_detector import config, made_up


def card(*families: str) -> Card:
    return Card(
        id="d/x", domain="d", task="detector", family="detector", title="",
        training={"families": list(families)},
    )  # fmt: skip


def test_generators_are_left_out_alone_and_then_all_of_the_decoder_together():
    found = loo.groups(card("autoencoder", "blend", "patch", "d/gan", "d/diffusion"))
    assert found["d/gan"] == ["d/gan"] and found["d/diffusion"] == ["d/diffusion"]
    assert sorted(found[loo.DECODER]) == ["autoencoder", "d/diffusion", "d/gan"]
    assert loo.groups(card("blend", "patch")) == {}


def test_summary_counts_families_that_no_training_held():
    def own(value: float) -> dict:
        return {"as_given": {"balanced_accuracy": {"value": value}}}

    groups = {
        "d/gan": {"families": {"d/gan": own(0.9)}},
        loo.DECODER: {"families": {"d/gan": own(0.6), "autoencoder": own(0.5)}},
    }
    metrics = {"families": {
        "d/dcgan": {"seen": False, "balanced_accuracy": {"value": 0.7}},
        "d/gan": {"seen": True, "balanced_accuracy": {"value": 1.0}},
    }}  # fmt: skip
    found = loo.summary(groups, metrics)
    assert found["families"] == {"d/gan": 0.9, "d/dcgan": 0.7}
    assert found["mean"] == pytest.approx(0.8) and found["least"] == 0.7
    assert found["without_decoder"]["mean"] == pytest.approx(0.55)


def test_a_family_is_trained_without_and_a_second_call_trains_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("core.training.publish.ROOT", tmp_path / "checkpoints")
    data, settings = made_up(), config()
    detector.train(settings, [data], Run(tmp_path / "run", settings))
    registry = Registry(tmp_path / "checkpoints", torch.device("cpu"))
    asked = {"leave_out": [], "made": np.zeros((6, *data.images.shape[1:]), np.uint8)}
    monkeypatch.setattr(loo, "groups", lambda _: {"blend": ["blend"]})
    monkeypatch.setattr(loo, "gather", lambda *_: {"blend": asked["made"], "patch": asked["made"]})
    plain = loo.fit

    def watched(config, own, run):
        asked["leave_out"].append(config["fakes"]["leave_out"])
        return plain(config, own, run)

    monkeypatch.setattr(loo, "fit", watched)
    found = loo.evaluate(registry, settings, data, tmp_path / "loo", n=12, draws=20)
    assert asked["leave_out"] == [["blend"]]
    own = found["groups"]["blend"]["families"]["blend"]
    assert set(own) == {"as_given", "re_encoded", "jpeg_75", "half_size"}
    shares = [own["as_given"][f"called_{k}"] for k in ("real", "unsure", "synthetic")]
    assert sum(shares) == pytest.approx(1)
    path = registry.folder(settings["id"]) / loo.FILE
    assert json.loads(path.read_text()) == found
    again = loo.evaluate(registry, settings, data, tmp_path / "loo", n=12, draws=20)
    assert again == found and len(asked["leave_out"]) == 1
    loo.evaluate(registry, settings, data, tmp_path / "loo", only="blend", n=12, draws=20)
    assert len(asked["leave_out"]) == 2
    curve = json.loads(path.read_text())["groups"]["blend"]["curve"]
    assert len(curve) == 2 and all(set(p["balanced_accuracy"]) == {"blend"} for p in curve)
    with pytest.raises(DataError, match="choose one of: blend"):
        loo.evaluate(registry, settings, data, tmp_path / "loo", only="patch")


def test_a_group_of_an_older_file_begins_the_curve():
    own = {"images_seen": 5, "seconds": 2, "families": {
        "d/gan": {"as_given": {"balanced_accuracy": {"value": 0.7}}}}}  # fmt: skip
    assert loo._curve(own) == [
        {"images_seen": 5, "seconds": 2, "balanced_accuracy": {"d/gan": 0.7}}
    ]
    assert loo._curve(None) == []
