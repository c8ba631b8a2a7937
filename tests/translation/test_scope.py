import numpy as np
import pytest
import torch

from core.errors import CheckpointError
from core.registry import Registry
from core.translation import scope
from tests.phantoms import head
from tests.toy import write_registry
from tests.translators import SIZE, made_up, write_translators

MODEL = "brain_mri/cyclegan"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scope")
    write_registry(folder, ("brain_mri",))
    write_translators(folder)
    found = Registry(folder, torch.device("cpu"))
    scope.fit(found, MODEL, made_up(folder))
    return found


def decide(registry, image, modality="mri"):
    return scope.decide(registry, MODEL, [image], modality, SIZE)[0]


def test_a_slice_of_the_head_is_let_in(registry):
    decision = decide(registry, head("mri", 64, 999))
    assert decision.in_scope, decision.message
    assert decision.distance <= decision.limit


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.zeros((64, 64), np.uint8), "no head"),
        (np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8), "colour"),
        (np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8), "unlike"),
    ],
    ids=["black", "colour", "noise"],
)
def test_other_images_are_declined_with_the_reason(registry, image, why):
    decision = decide(registry, image)
    assert not decision.in_scope
    assert why in decision.message


def test_the_other_modality_is_declined(registry):
    assert not decide(registry, head("ct", 64, 999), "mri").in_scope


def test_another_encoder_makes_the_scope_unusable(registry, monkeypatch):
    monkeypatch.setattr(scope, "encoder_digest", lambda registry: "another")
    with pytest.raises(CheckpointError, match="evaluate translator"):
        decide(registry, head("mri", 64))


def test_the_limit_lies_between_what_is_known_and_what_is_foreign(registry):
    known = registry.card(MODEL).calibration["scope"]
    for modality in ("mri", "ct"):
        own = known[modality]
        assert own["held_out_99"] <= own["limit"] <= max(own["foreign_1"], own["held_out_99"])
