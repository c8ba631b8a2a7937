"""Detection: verdicts, the conformal set, the stability strip, scope."""

import numpy as np
import pytest

from core.cards import write_card
from core.errors import CheckpointError
from core.registry import Registry
from core.services import detection
from core.services.detection import conformal_set, detect, judge
from core.services.generation import generate
from tests.toy import real_image, toy_registry


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


@pytest.fixture
def fakes(registry):
    return [g.pixels[..., 0] for g in generate(registry, "chest_xray", "toy-gan", "viral", 2, 0)]


def test_real_and_synthetic_are_told_apart(registry, fakes):
    found = detect(registry, [real_image(), *fakes], "chest_xray", stability=False)
    assert [v.verdict for v in found] == ["real", "synthetic", "synthetic"]
    assert found[0].p_synthetic < 0.5 < found[1].p_synthetic
    assert all(v.model == "chest_xray/toy-detector" and v.stability == [] for v in found)
    assert all("probability" in v.reasons[0] for v in found)


def test_a_verdict_that_a_re_encoding_turns_around_is_unsure(registry, fakes):
    # blur and half size wipe out the toy generator's checkerboard
    found = detect(registry, [real_image(), fakes[0]], "chest_xray")
    assert found[0].verdict == "real" and "No small re-encoding" in found[0].reasons[-1]
    assert found[1].verdict == "unsure" and "turns around under" in found[1].reasons[-1]
    names = [entry["name"] for entry in found[1].stability]
    assert names[0] == "as given" and len(names) == 7
    assert found[1].stability[0]["verdict"] == "synthetic"
    assert found[1].stability[0]["p_synthetic"] == pytest.approx(found[1].p_synthetic)


@pytest.mark.parametrize(
    ("p", "answers"),
    [(0.05, ["real"]), (0.95, ["synthetic"]), (0.5, ["real", "synthetic"])],
)
def test_conformal_set(registry, p, answers):
    card = registry.card("chest_xray/toy-detector")
    card.calibration["conformal"] = {"real": 0.3, "synthetic": 0.3}
    assert conformal_set(card, p) == answers
    assert judge(card, "chest_xray", p, {}).verdict == (
        answers[0] if len(answers) == 1 else "unsure"
    )


def test_no_plausible_answer_is_unsure_too(registry):
    card = registry.card("chest_xray/toy-detector")
    card.calibration["conformal"] = {"real": 0.8, "synthetic": 0.8}
    verdict = judge(card, "chest_xray", 0.5, {})
    assert verdict.verdict == "unsure" and "Neither" in verdict.reasons[-1]


def test_without_quantiles_the_threshold_decides(registry):
    card = registry.card("chest_xray/toy-detector")
    card.calibration = {"threshold": 0.7}
    assert [conformal_set(card, p) for p in (0.69, 0.7)] == [["real"], ["synthetic"]]


def test_out_of_scope_has_no_probability(registry, fakes, monkeypatch):
    def only_first(registry, images, domain):
        return [{"checked": True, "in_scope": i == 0} for i in range(len(images))]

    monkeypatch.setattr(detection, "in_scope", only_first)
    found = detect(registry, [real_image(), *fakes], "chest_xray", stability=False)
    assert [v.verdict for v in found] == ["real", "out_of_scope", "out_of_scope"]
    assert found[1].p_synthetic is None and found[1].scope["checked"] and found[1].reasons


def test_a_calibrated_card_changes_the_verdict(registry, fakes):
    card = registry.card("chest_xray/toy-detector")
    card.calibration = {"temperature": 50.0, "conformal": {"real": 0.3, "synthetic": 0.3}}
    write_card(card, registry.folder(card.id))
    fresh = Registry(registry.root, registry.device)
    assert detect(fresh, [fakes[0]], "chest_xray", stability=False)[0].verdict == "unsure"


def test_no_images_and_no_detector(registry):
    assert detect(registry, [], "chest_xray") == []
    with pytest.raises(CheckpointError, match="no detector"):
        detect(registry, [np.zeros((4, 4), np.float32)], "brain_mri")
