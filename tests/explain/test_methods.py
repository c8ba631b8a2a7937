"""Every method on every model family: shapes, axioms and the planted evidence."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.explain import base, engine
from core.explain.base import Settings
from core.explain.baselines import background, baselines, black
from core.explain.explainable import ExplainError
from core.explain.gradients import input_gradients
from core.explain.integrated_gradients import path_integral
from core.explain.paths import Paths
from core.explain.shap import draw, expected_gradients
from tests.explain import planted

QUICK = Settings(max_steps=400)
PAIRS = [(f, m) for f in planted.CONFIGS for m in planted.methods(f)]


@pytest.mark.parametrize(("family", "method"), PAIRS)
def test_top_pixels_lie_in_the_planted_patch(family, method):
    model, side = planted.model(family), planted.SIDES[family]
    found = engine.maps(model, planted.bright(side), [method], QUICK)[method]
    assert found.values.shape == (side, side)
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert planted.share_in_patch(found.values) >= 0.8


def test_plus_plus_is_not_for_leaky_critics():
    assert "gradcam++" in base.methods(planted.model("detector"))
    for family in ("critic", "dcgan critic"):
        assert "gradcam" in base.methods(planted.model(family))
        assert "gradcam++" not in base.methods(planted.model(family))


def test_without_the_check_the_maps_are_the_same():
    x, model, few = planted.bright(), planted.model("cnn"), Settings(steps=16, max_steps=16)
    for name in ("ig", "shap"):
        full = base.get(name).run(model, x, few)
        bare = base.get(name).run(model, x, replace(few, check=False))
        assert np.array_equal(full.values, bare.values)
        assert "change" in full.info and "change" not in bare.info


def test_rollout_is_for_transformers_alone():
    assert "rollout" in base.methods(planted.model("vit"))
    with pytest.raises(ExplainError, match="choose from: gradcam"):
        base.get("rollout", planted.model("cnn"))


@pytest.mark.parametrize("family", planted.CONFIGS)
@pytest.mark.parametrize("baseline", ["black", "blurred", "mean", "averaged"])
def test_ig_is_complete_within_one_percent(family, baseline):
    settings = replace(QUICK, baseline=baseline)
    model = planted.model(family)
    found = base.get("ig").run(model, planted.bright(planted.SIDES[family]), settings)
    assert found.info["completeness_gap"] <= 0.01
    gap = abs(found.values.sum() - found.info["change"])
    size = max(abs(found.info["change"]), np.abs(found.values).sum() / 20)
    assert gap <= 0.011 * size


@pytest.mark.parametrize("family", planted.CONFIGS)
def test_shap_is_efficient(family):
    x, model = planted.bright(planted.SIDES[family]), planted.model(family)
    found = base.get("shap").run(model, x, replace(QUICK, samples=200))
    assert found.info["efficiency_gap"] <= 0.05
    found = base.get("kernelshap").run(model, x, QUICK)
    assert found.info["efficiency_gap"] <= 1e-3


def test_sign_is_kept():
    x = planted.bright()
    for method in ("ig", "shap", "occlusion", "gradcam"):
        run = base.get(method).run
        towards, away = (run(planted.model("cnn", t), x, QUICK).values.sum() for t in (1, 0))
        assert towards > 0 > away


@pytest.mark.parametrize("family", planted.CONFIGS)
def test_sharing_the_first_layer_changes_nothing(family):
    model, side = planted.model(family), planted.SIDES[family]
    x = planted.bright(side)
    start = black(x, model.preprocessing)
    alphas, weights = (0.5 * (v + o) for v, o in zip(np.polynomial.legendre.leggauss(6), (1, 0)))
    points = torch.cat([start + float(a) * (x - start) for a in alphas])
    grads, _ = input_gradients(model, points, 4)
    plain = (torch.as_tensor(weights).float().reshape(-1, 1, 1, 1) * grads).sum(0) * (x - start)
    shared = path_integral(Paths(model, x, start, 4, exact=True), 6)
    assert torch.allclose(shared, plain, atol=1e-5 * float(plain.abs().max()) + 1e-7)


def test_expected_gradients_agree_with_their_definition():
    model, x = planted.model("cnn"), planted.bright()
    references = background(x, model.preprocessing)
    which, at = torch.tensor([0, 3, 4, 0]), torch.tensor([0.2, 0.9, 0.5, 0.7])
    found, precision = expected_gradients(model, x, references, which, at, batch=3, exact=True)
    assert precision == "float32"
    start = references[which]
    points = start + at.reshape(-1, 1, 1, 1) * (x - start)
    plain = ((x - start) * input_gradients(model, points, 2)[0]).mean(0, keepdim=True)
    assert torch.allclose(found, plain, atol=1e-6)


def test_draws_are_stratified_and_seeded():
    at = draw(5, 50, seed=3)
    assert at.shape == (5, 10)
    assert ((at >= torch.arange(10) / 10) & (at < (torch.arange(10) + 1) / 10)).all()
    assert torch.equal(at, draw(5, 50, seed=3))
    assert not torch.equal(at, draw(5, 50, seed=4))


def test_baselines():
    model, x = planted.model("cnn"), planted.bright()
    assert baselines("averaged", x, model.preprocessing).shape == (3, 1, 32, 32)
    assert (baselines("black", x, model.preprocessing) == -1).all()
    with pytest.raises(ExplainError, match="averaged"):
        baselines("pink", x, model.preprocessing)
