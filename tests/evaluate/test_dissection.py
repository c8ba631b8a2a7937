import json

import pytest

from core.errors import CancelledError, CheckpointError
from core.evaluate.dissection import dissect

from .test_latent import registry  # noqa: F401

MODEL = "chest_xray/stylegan2"


def test_every_layer_is_dissected_with_controls_and_intervals(registry, tmp_path):  # noqa: F811
    shares = []
    found = dissect(registry, MODEL, n=8, top=2, progress=lambda s: shares.append(s) or True)
    assert len(found["layers"]) == 5 and len(shares) == 10 and shares == sorted(shares)
    for layer in found["layers"].values():
        assert layer["units"] == 8 and len(layer["top"]) == 2
        for row in layer["top"]:
            assert 0 <= row["control"] <= 1 and 0 <= row["iou"] <= 1
            for effect in row["off"]:
                assert effect["low"] > 0 or effect["high"] < 0  # only what is significant
                assert effect["low"] <= effect["change"] <= effect["high"]
    stored = json.loads((tmp_path / MODEL / "dissection.json").read_text())
    assert stored["layers"].keys() == found["layers"].keys() and stored["n"] == 8
    assert sum(bool(r["off"]) for v in stored["layers"].values() for r in v["top"]) > 0


def test_it_can_be_cancelled_and_refuses_what_has_no_units(registry):  # noqa: F811
    with pytest.raises(CancelledError):
        dissect(registry, MODEL, n=8, top=2, progress=lambda share: False)
    with pytest.raises(CheckpointError, match="no W space"):
        dissect(registry, "chest_xray/cnn")
