"""Grids, taps, vectors and tests of significance, one by one."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeClassifier
from torch.utils.data import DataLoader, TensorDataset

from core.concepts.cav import PENALTY, LinearCAV, fit, ridge, told_right
from core.concepts.grid import Grid
from core.concepts.layers import concept_layers
from core.concepts.relabelling import Pull, dealings, p_value
from core.concepts.tapped import Tapped
from core.explain.explainable import ExplainError
from core.models.detector import Detector
from tests.explain import planted

SHAPES = [(3, 8, 8), (5, 6, 9), (2, 7, 7), (17, 6), (10, 4), (11,)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_grid_has_orthonormal_rows(shape):
    grid = Grid(shape)
    vectors = torch.eye(grid.size)
    assert torch.allclose(grid.pool(grid.spread(vectors)), vectors, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_spreading_is_the_transpose_of_pooling(shape):
    grid, random = Grid(shape), torch.Generator().manual_seed(0)
    x = torch.randn(1, *shape, generator=random)
    v = torch.randn(1, grid.size, generator=random)
    assert float((grid.pool(x) * v).sum()) == pytest.approx(
        float((x * grid.spread(v)).sum()), abs=1e-4
    )


def test_cells_keep_places_apart():
    x = torch.zeros(1, 1, 8, 8)
    x[..., :2, :2] = 1.0
    assert Grid((1, 8, 8)).pool(x)[0].tolist() == [2.0] + [0.0] * 15


@pytest.mark.parametrize("family", sorted(planted.SIDES))
def test_taps_change_no_answer_and_leave_the_model_alone(family):
    model = planted.model(family)
    x, _ = planted.images(3, 1, side=planted.SIDES[family])
    before = model.module(x)
    tapped = Tapped(model)
    logits = torch.stack([before[:, 0] - before[:, 1], before[:, 1] - before[:, 0]], 1)
    assert torch.allclose(tapped(x), logits, atol=1e-4)
    assert torch.equal(model.module(x), before)
    assert not any(m._forward_hooks for m in planted.module(family).modules())
    assert len(tapped.names) == len(tapped.grids) >= 1


@pytest.mark.parametrize("family", sorted(planted.SIDES))
def test_gradients_at_a_tap_are_those_of_moving_along_the_grid(family):
    # in double precision a step can be small enough to stay off the kinks
    tapped = Tapped(planted.doubled(family))
    x = planted.images(2, 3, side=planted.SIDES[family])[0].double()
    for i, tap in enumerate(tapped.taps):
        gradient = tapped.gradients(x, 1)[i].double()
        step = 1e-5 * torch.randn(gradient.shape, generator=torch.Generator().manual_seed(i))
        moved = []
        for sign in (1, -1):
            hook = tap.register_forward_hook(lambda m, g, out, move=sign * step: out + move)
            moved.append(tapped(x)[:, 1].detach())
            hook.remove()
        slope = (moved[0] - moved[1]) / 2
        least = 1e-3 * float(slope.abs().max()) + 1e-9
        assert torch.allclose(slope, (gradient * step).sum(1), rtol=1e-3, atol=least)


def test_layers_of_a_detector_are_its_branches():
    names = list(concept_layers(Detector(channels=1, size=32)))
    assert names == ["image branch", "residual branch", "fused maps", "spectrum branch"]


def test_a_model_without_layers_is_refused_plainly():
    with pytest.raises(ExplainError, match="no layer"):
        concept_layers(torch.nn.Linear(2, 2))


def _loader(gap, n=60, size=200, labels=(7, 3)):
    random = torch.Generator().manual_seed(0)
    x = torch.randn(2 * n, size, generator=random)
    x[:n, 0] += gap
    y = torch.tensor([labels[0]] * n + [labels[1]] * n)
    return DataLoader(TensorDataset(x, y), batch_size=16)


def test_a_vector_points_from_the_counterpart_to_the_concept():
    fit = LinearCAV()
    told = fit.train_and_eval(_loader(gap=6.0))["accs"]
    vector = fit.weights()[fit.classes().index(7)]
    assert told > 0.9 and float(vector.norm()) == pytest.approx(1, abs=1e-5)
    assert int(vector.abs().argmax()) == 0 and vector[0] > 0


def test_held_out_accuracy_of_nothing_is_chance():
    found = [LinearCAV(seed).train_and_eval(_loader(gap=0.0))["accs"] for seed in range(10)]
    assert 0.35 < np.mean(found) < 0.65


def _activations(gap, n=40, size=60, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * n, size))
    x[:n, 0] += gap
    return x, np.repeat([True, False], n)


def test_dealings_keep_every_class_as_it_is(rng):
    y, strata = rng.random(60) < 0.4, rng.integers(0, 3, 60)
    dealt = dealings(y, strata, 200)
    for stratum in range(3):
        own = strata == stratum
        assert (dealt[own].sum(0) == y[own].sum()).all()
    assert 0.2 < dealt[0].mean() < 0.6 or y[strata == strata[0]].mean() in (0, 1)


@pytest.mark.parametrize("gap", [0.0, 2.0])
def test_vectors_are_scikit_learns_ridge_classifier(gap):
    x, y = _activations(gap)
    y[::7] = ~y[::7]  # sides of unequal size
    inside = np.random.default_rng(0).random(len(y)) < 0.7
    normal, told = ridge(x, y, inside)
    centred = x - x[inside].mean(0)
    scaled = centred / np.sqrt((centred[inside] ** 2).sum(1).mean())
    expected = RidgeClassifier(alpha=PENALTY).fit(scaled[inside], y[inside])
    assert normal == pytest.approx(np.ravel(expected.coef_), rel=1e-4, abs=1e-6)
    assert (told == expected.predict(scaled)).all()


def test_the_dual_form_is_ridge_regression():
    x, y = _activations(1.0)
    gradients = np.random.default_rng(1).normal(size=(3, x.shape[1]))
    expected = gradients @ fit(x, y)  # of unit length
    found = Pull(x, gradients)(y[:, None])[0]
    assert found / found[0] == pytest.approx(expected / expected[0], rel=1e-3)


def test_the_test_finds_what_is_there_on_either_side_and_nothing_else():
    x, y = _activations(2.0)
    gradients = np.zeros((3, x.shape[1]))
    gradients[0, 0], gradients[1, 0], gradients[2, 1] = 1, -1, 1
    pull = Pull(x, gradients)
    own, dealt = pull(y[:, None])[0], pull(dealings(y, np.zeros(len(y)), 2000))
    p = [p_value(own[k], dealt[:, k]) for k in range(3)]
    assert p[0] < 0.001 and p[1] < 0.001 and own[0] > 0 > own[1]
    assert p[2] > 0.01


def test_p_values_of_nothing_are_even():
    found = []
    for seed in range(150):
        x, y = _activations(0.0, 20, 30, seed)
        pull = Pull(x, np.eye(1, 30))
        dealt = pull(dealings(y, np.zeros(len(y)), 200, seed))
        found.append(p_value(pull(y[:, None])[0, 0], dealt[:, 0]))
    assert np.mean(np.array(found) < 0.05) < 0.11
    assert 0.4 < np.mean(found) < 0.6


@pytest.mark.parametrize(
    ("observed", "dealt", "expected"),
    [(5.0, np.zeros(99), 0.01), (-5.0, np.array([5.0, 0.0, 1.0]), 0.5), (0.0, np.ones(9), 1.0)],
)
def test_the_true_labels_count_as_a_dealing(observed, dealt, expected):
    assert p_value(observed, dealt) == pytest.approx(expected)


def test_cross_validation_tells_a_concept_from_nothing():
    assert told_right(*_activations(4.0)).mean() > 0.9
    assert 0.3 < told_right(*_activations(0.0)).mean() < 0.7
