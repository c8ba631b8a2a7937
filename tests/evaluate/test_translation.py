import json

import numpy as np
import pytest
import torch

from core.cards import read_metrics
from core.errors import DataError
from core.evaluate.translation import errors, evaluate, unseen
from core.evaluate.translation_cases import (
    baseline_of,
    by_case,
    difference,
    group_of,
    known_only,
    pooled,
    summary,
)
from core.registry import Registry
from core.translation.drawn import drawn_head, fit
from core.translation.head import head_mask
from core.translation.window import BRAIN
from tests.phantoms import head
from tests.toy import write_registry
from tests.translators import card_of, made_up, write_translators


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translators")
    write_registry(folder, ("brain_mri",))
    write_translators(folder, ("cyclegan", "shape-aligned-0", "shape-aligned-1"))
    registry, slices = Registry(folder, torch.device("cpu")), made_up(folder)
    for card in registry.cards("brain_mri", "translator"):
        evaluate(registry, card.id, slices)
    return registry, slices


def test_the_truth_has_no_error():
    truth = head("ct", 96)
    mask = head_mask(truth, "ct")
    found = errors(truth, truth, mask, "ct", BRAIN)
    assert found["mae"] == found["mae_hu"] == 0
    assert found["ssim"] == pytest.approx(1)
    assert found["dice_head"] == found["dice_skull"] == found["dice_brain"] == 1


def test_a_known_error_is_measured_in_both_units_and_inside_alone():
    truth = head("ct", 96)
    mask = head_mask(truth, "ct")
    output = np.where(mask, np.minimum(truth.astype(int) + 20, 255), truth)
    output[~mask] = 77  # the outside does not count
    found = errors(output.astype(np.uint8), truth, mask, "ct", BRAIN)
    expected = np.abs(output.astype(float) - truth)[mask].mean()
    assert found["mae"] == pytest.approx(expected)
    assert found["mae_hu"] == pytest.approx(expected * 80 / 255)
    assert 20 < found["psnr"] < 30


def test_a_slice_without_brain_has_no_brain_overlap():
    blank = np.zeros((64, 64), np.uint8)
    blank[20:44, 20:44] = 90
    found = errors(blank, blank, blank > 0, "ct", BRAIN)
    assert np.isnan(found["dice_brain"])
    assert "mae_hu" not in errors(blank, blank, blank > 0, "mri", BRAIN)


def test_means_are_over_cases_not_slices():
    rows = [{"mae": 1.0}, {"mae": 1.0}, {"mae": 1.0}, {"mae": 5.0}, {"mae": float("nan")}]
    cases = by_case(rows, np.array(["a", "a", "a", "b", "b"]))
    assert cases["a"] == {"mae": 1.0, "slices": 3.0}
    assert cases["b"]["mae"] == 5.0
    found = summary(cases)["mae"]
    assert found["value"] == pytest.approx(3.0) and found["n"] == 2
    assert found["ci"] == [1.0, 5.0]


def test_differences_are_paired_by_case():
    one = {c: {"mae": v, "ssim": 0.5} for c, v in zip("abcd", (10.0, 30.0, 50.0, 70.0))}
    other = {c: {"mae": v["mae"] - 2, "ssim": float("nan")} for c, v in one.items() if c != "d"}
    found = difference(one, other)
    assert found["cases"] == ["a", "b", "c"]
    assert found["mae"]["value"] == pytest.approx(-2)
    assert found["mae"]["ci"] == pytest.approx([-2, -2])
    assert "ssim" not in found  # not known for the other


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("brain_mri/a-aligned-2", "brain_mri/a-aligned"),
        ("brain_mri/cyclegan", "brain_mri/cyclegan"),
    ],
)
def test_folds_of_one_recipe_are_one_group(name, group):
    assert group_of(name) == group


@pytest.mark.parametrize(
    ("group", "baseline"),
    [
        ("brain_mri/shape-cyclegan", "brain_mri/cyclegan"),
        ("brain_mri/shape-cyclegan-aligned", "brain_mri/cyclegan"),
        ("brain_mri/shape-cyclegan-96", "brain_mri/cyclegan-96"),
        ("brain_mri/shape-cyclegan-128-aligned", "brain_mri/cyclegan-128"),
        ("brain_mri/cyclegan-96", "brain_mri/cyclegan-96"),
    ],
)
def test_a_recipe_is_compared_with_the_cyclegan_of_its_own_side(group, baseline):
    assert baseline_of(group) == baseline


def test_unknown_figures_become_null():
    assert known_only({"a": [float("nan"), 1.0], "b": float("inf")}) == {
        "a": [None, 1.0],
        "b": None,
    }


def test_cases_trained_or_chosen_on_are_never_measured(measured):
    registry, slices = measured
    card = registry.card("brain_mri/shape-aligned-0")
    assert set(slices.pair_case[unseen(card, slices)]) == {"20", "21"}
    with pytest.raises(DataError, match="has not seen"):
        unseen(card_of("seen", ["20"], ["20"]), slices)


def test_metrics_are_valid_json_with_everything_asked_for(measured):
    registry, _ = measured
    text = (registry.folder("brain_mri/cyclegan") / "metrics.json").read_text()
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    forward = found["mri_to_ct"]
    assert {"mae", "mae_hu", "psnr", "ssim", "cycle", "dice_skull", "kid"} <= set(forward)
    assert set(forward["cases"]) == {"20", "21", "28", "32", "37", "41"}
    assert forward["mae"]["ci"][0] <= forward["mae"]["value"] <= forward["mae"]["ci"][1]
    assert found["window"] == {"width": 80.0, "level": 40.0}
    assert found["scope"]["mri"]["let_in"]["n"] == 18
    assert found["baseline_drawn_head"]["mae"]["value"] > 0


def test_folds_are_pooled_and_compared_with_cyclegan(measured):
    registry, _ = measured
    cards = registry.cards("brain_mri", "translator")
    table = pooled(registry, cards, "mri_to_ct")
    assert set(table["brain_mri/shape-aligned"]) == {"20", "21", "28", "32"}
    found = read_metrics(registry.folder("brain_mri/shape-aligned-0"))["comparison"]["mri_to_ct"]
    assert found["pooled_cases"] == 4
    gap = found["minus_cyclegan"]["mae"]
    own = np.mean([v["mae"] for v in table["brain_mri/shape-aligned"].values()])
    theirs = [table["brain_mri/cyclegan"][c]["mae"] for c in table["brain_mri/shape-aligned"]]
    assert gap["value"] == pytest.approx(own - np.mean(theirs))
    compared = read_metrics(registry.folder("brain_mri/cyclegan"))["comparison"]["mri_to_ct"]
    assert "minus_cyclegan" not in compared


def test_the_cards_files_still_verify_with_the_scope_beside_them(measured):
    registry, _ = measured
    assert registry.status("brain_mri/cyclegan").verified
    assert "scope-mri.safetensors" in registry.card("brain_mri/cyclegan").files


def test_the_drawn_head_follows_the_outline(measured):
    _, slices = measured
    mask = slices.pair_mri_mask[0]
    drawn = drawn_head(mask, 1, 2, 100)
    assert set(np.unique(drawn)) <= {0, 100, 255}
    assert not drawn[~mask].any()
    settings = fit(slices)
    assert settings["bone"] >= 1 and 40 <= settings["brain"] <= 200
