"""The explanation benchmark yields figures whose maps are the packages' own."""

import pytest

from core.bench import explain

pytest.importorskip("pytorch_grad_cam", reason="needs the packages of requirements-bench.txt")
pytest.importorskip("shap", reason="needs the packages of requirements-bench.txt")


@pytest.mark.slow
def test_figures_and_equal_maps():
    found = {line["name"]: line for line in explain.compare("cnn", repeats=1, size=32)}
    speed = found["explain cnn: three maps"]
    assert speed["ratio"] == pytest.approx(speed["value"] / speed["baseline"])
    assert found["explain cnn: all metrics of the page"]["goal"] == "<= 10"
    for method in explain.THREE:
        assert found[f"explain cnn: same {method} map"]["value"] > 0.99, method


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(explain.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(explain.SynthLensError, match="requirements-bench"):
        list(explain.run())


def test_draws_are_those_of_the_package():
    which, at = explain.shap_draws(5)
    assert which.shape == at.shape == (explain.STEPS,)
    assert set(which.tolist()) <= set(range(5))
    assert ((at >= 0) & (at < 1)).all()
