"""Metrics tell a right map from a wrong one, and obey their definitions."""

import numpy as np
import pytest
import torch

from core.explain import engine
from core.explain.base import Settings
from core.explain.metrics import table
from core.explain.metrics.agreement import spearman, top_iou
from core.explain.metrics.deletion import area, curves, ranks
from core.explain.metrics.infidelity import squares
from core.explain.metrics.road import _neighbours, impute
from core.explain.metrics.sensitivity import max_sensitivity
from core.explain.metrics.settings import MetricSettings
from core.explain.metrics.sparseness import gini
from core.explain.metrics.stability import as_jpeg, with_noise
from core.explain.randomisation import destroy, layers, randomisation_curve
from core.explain.references import reference_maps
from tests.explain import planted

HOW = MetricSettings(squares=24, neighbours=2, stages=3)
QUICK = HOW.quick(Settings())


@pytest.fixture(scope="module")
def measured():
    model, x = planted.model("cnn"), planted.bright()
    pixels = model.preprocessing.denormalise(x)[0]
    right = np.zeros((32, 32), np.float32)
    right[planted.patch(32)] = 1
    maps = {"right": right, "wrong": 1 - right, **reference_maps(pixels, 0)}
    return table.faithfulness(model, x, maps, HOW)


def test_the_right_map_is_more_faithful(measured):
    right, wrong, random = measured["right"], measured["wrong"], measured["random"]
    assert right["deletion"] < random["deletion"] < wrong["deletion"]
    assert right["insertion"] > random["insertion"] > wrong["insertion"]
    assert right["road"] > random["road"] > wrong["road"]
    assert right["infidelity"] < 0.5 < random["infidelity"] <= 1 + 1e-6


def test_curves_start_and_end_alike():
    model, x = planted.model("cnn"), planted.bright()
    maps = np.random.default_rng(0).random((2, 32, 32)).astype(np.float32)
    insertion, deletion = curves(model, x, maps, 5, 4)
    whole = float(model.probability(x))
    assert insertion.shape == deletion.shape == (2, 5)
    assert np.allclose(insertion[:, -1], whole, atol=1e-5)
    assert np.allclose(deletion[:, 0], whole, atol=1e-5)
    assert np.allclose(area(np.array([[0.0, 1.0, 1.0]])), 0.75)


def test_curves_are_those_of_every_point_on_its_own():
    model, x = planted.model("cnn"), planted.bright()
    maps = np.random.default_rng(1).random((2, 32, 32)).astype(np.float32)
    found = curves(model, x, maps, 5, 4)
    rank, ground = ranks(maps), x.mean((2, 3), keepdim=True).expand_as(x)
    for k, level in enumerate(np.linspace(0, 1, 5)):
        for row in range(2):
            deleted = torch.where(rank[row] <= level, ground, x)
            assert found[1][row, k] == pytest.approx(float(model.probability(deleted)), abs=1e-5)


def test_neighbours_are_those_of_the_kernel():
    u = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    kernel = torch.tensor([[1.0, 2.0, 1.0], [2.0, 0.0, 2.0], [1.0, 2.0, 1.0]]) / 12
    plain = torch.nn.functional.conv2d(u, kernel.expand(3, 1, 3, 3), padding=1, groups=3)
    assert torch.allclose(_neighbours(u), plain, atol=1e-6)


def test_ranks():
    found = ranks(np.array([[[3.0, 1.0], [2.0, 0.0]]]))
    assert found.tolist() == [[[0.25, 0.75], [0.5, 1.0]]]


def test_imputation_solves_the_smooth_field():
    yy, xx = np.mgrid[0:32, 0:32] / 32
    x = torch.as_tensor(yy + 0.5 * xx).float()[None, None]
    known = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)) > 0.7
    known[..., [0, -1], :] = True
    known[..., [0, -1]] = True
    filled = impute(x, known)
    assert torch.equal(filled[known], x[known])
    assert (filled - x).abs().max() < 0.02


def test_gini():
    assert gini(np.ones((8, 8))) == pytest.approx(0, abs=1e-9)
    one = np.zeros((8, 8))
    one[3, 3] = -2
    assert gini(one) == pytest.approx(1 - 1 / 64)
    assert gini(np.zeros((4, 4))) == 0


def test_agreement(rng):
    a = rng.random((32, 32))
    assert spearman(a, 3 * a + 1) == pytest.approx(1)
    assert spearman(a, -a) == pytest.approx(-1)
    assert abs(spearman(a, rng.random((32, 32)))) < 0.5
    assert spearman(a, np.zeros((32, 32))) == 0
    assert top_iou(a, a) == 1
    assert top_iou(a, -a) == 0


def test_max_sensitivity_of_known_functions():
    x = torch.zeros(1, 1, 8, 8)
    assert max_sensitivity(lambda images: torch.ones(len(images), 8, 8), x, 0.1, 3, 0) == 0
    found = max_sensitivity(lambda images: 1 + images[:, 0], x, 0.1, 3, 0)
    assert 0.01 < found <= 0.1


def test_small_changes_of_the_image():
    pixels = np.full((16, 16, 1), 100, np.uint8)
    assert as_jpeg(pixels, 75).shape == with_noise(pixels, 0.02, 0).shape == (16, 16, 1)
    assert 0 < np.abs(with_noise(pixels, 0.02, 0).astype(int) - 100).mean() < 12
    masks = squares(16, 0.25, 5, 0)
    assert masks.sum((1, 2, 3)).tolist() == [16.0] * 5


def test_robustness_and_whereabouts():
    model, x = planted.model("cnn"), planted.bright()
    pixels = model.preprocessing.denormalise(x)[0]
    original = engine.as_array(engine.maps(model, table.as_input(model, pixels), ["ig"], QUICK))
    found = table.robustness(model, pixels, ["ig"], QUICK, HOW, original)["ig"]
    assert found["stability_jpeg"] > 0.8
    assert found["stability_noise"] > 0.8
    assert 0 < found["max_sensitivity"] < 1
    mask = np.zeros((32, 32), bool)
    mask[planted.patch(32)] = True
    places = table.whereabouts(original, mask)["ig"]
    assert places["inside_organ"] > 0.99
    assert places["pointing"] is True
    assert table.whereabouts(original, None) == {"ig": {}}


def test_reference_maps_know_nothing_of_the_model():
    maps = reference_maps(np.zeros((33, 33, 1), np.uint8), seed=1)
    assert list(maps) == ["random", "edge", "centre"]
    assert {m.shape for m in maps.values()} == {(33, 33)}
    assert maps["centre"][16, 16] == 1
    assert np.allclose(maps["centre"], maps["centre"][::-1].T)
    assert not maps["edge"].any()


def test_randomisation_destroys_the_map_and_not_the_model():
    model, x = planted.model("cnn"), planted.bright()
    before = [p.clone() for p in model.module.parameters()]
    curve = randomisation_curve(model, x, ["gradcam", "ig"], QUICK, stages=3)
    assert curve["ig"][0] == 1
    assert len(curve["ig"]) == 4
    assert curve["ig"][-1] < 0.9
    assert all(torch.equal(a, b) for a, b in zip(before, model.module.parameters()))
    copy = model.cloned()
    last = layers(copy.module)[0]
    old = last.weight.clone()
    destroy(last, torch.Generator().manual_seed(0))
    assert not torch.equal(old, last.weight)
