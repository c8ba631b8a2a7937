"""Three maps of one image: ours together against three well-known packages in a row."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import SynthLensError
from core.explain import engine
from core.explain.base import Settings
from core.explain.baselines import background, black
from core.explain.explainable import Explainable
from core.explain.gradcam import layer_and_gradient, upsample
from core.explain.metrics import table
from core.explain.metrics.settings import MetricSettings
from core.explain.prepare import prepared
from core.explain.randomisation import randomisation_curve
from core.explain.references import reference_maps
from core.explain.shap import expected_gradients
from core.models.base import build
from core.preprocessing import Preprocessing

THREE = ("gradcam", "ig", "shap")
STEPS = 50
COMPARED = "pytorch-grad-cam, Captum's Integrated Gradients and shap's GradientExplainer in a row"
FAMILIES = ("cnn", "resnet", "vit")


def seconds(work: Callable[[], Any], repeats: int) -> list[float]:
    """CPU seconds of the process per call: other processes on the machine do not count."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return found


def reference_gradcam(module: Any, x: torch.Tensor, target: int) -> np.ndarray:
    """Grad-CAM by pytorch-grad-cam, (S, S) in [0, 1]."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    reshape = module.cam_grid if hasattr(module, "cam_grid") else None
    with GradCAM(module, [module.cam_layer()], reshape_transform=reshape) as cam:
        return cam(x, [ClassifierOutputTarget(target)])[0]


def reference_ig(module: nn.Module, x: torch.Tensor, start: torch.Tensor, target: int) -> Any:
    """Integrated Gradients by Captum as its tutorial calls it, (1, C, S, S)."""
    from captum.attr import IntegratedGradients

    return IntegratedGradients(module).attribute(x, start, target=target, n_steps=STEPS)


def reference_shap(
    module: nn.Module, x: torch.Tensor, references: torch.Tensor, ranked: int | None
) -> np.ndarray:
    """SHAP's GradientExplainer with a fixed seed, of the most probable class alone (1) or all."""
    from shap import GradientExplainer

    explainer = GradientExplainer(module, references)
    found = explainer.shap_values(x, nsamples=STEPS, ranked_outputs=ranked, rseed=0)
    return np.asarray(found[0] if ranked else found)


def shap_draws(references: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The very draws that GradientExplainer makes from seed 0."""
    random = np.random.RandomState(0)
    pairs = [(random.choice(references), random.uniform()) for _ in range(STEPS)]
    which, at = zip(*pairs)
    return torch.tensor(which), torch.tensor(at, dtype=torch.float32)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation of two maps."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _row(
    name: str, value: float, unit: str, baseline: float | None, n: int, goal: str = ""
) -> dict[str, Any]:
    ratio = value / baseline if baseline else None
    found = {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio}
    return found | {"n": n, "goal": goal, "compared_with": COMPARED}


def _model(family: str, size: int) -> Explainable:
    torch.manual_seed(0)
    config: dict[str, Any] = {"channels": 1, "classes": 4}
    config |= {} if family == "resnet" else {"size": size}
    module = build(family, config, lambda _: nn.Identity())
    for weights in module.parameters():
        if weights.ndim > 1 and not weights.any():  # a head that starts at zero explains nothing
            nn.init.normal_(weights, std=0.1)
    return Explainable(module.eval(), Preprocessing(size=size), ("a", "b", "c", "d"))


def compare(family: str, repeats: int, size: int = 128) -> Iterator[dict[str, Any]]:
    """Figures of one model family at its default size, weights untrained: speed and agreement."""
    model = _model(family, size)
    module, random = model.module, torch.Generator().manual_seed(0)
    x = torch.randn(1, 1, size, size, generator=random).clamp(-1, 1)
    references, start = background(x, model.preprocessing), black(x, model.preprocessing)
    model = replace(model, target=int(model.probabilities(x).argmax()))
    settings = Settings(steps=STEPS, max_steps=STEPS, samples=STEPS)
    fast = prepared(model)
    works: dict[str, Callable[[], Any]] = {
        "ours": lambda: engine.maps(fast, x, THREE, settings),
        "gradcam": lambda: reference_gradcam(module, x, model.target),
        "ig": lambda: reference_ig(module, x, start, model.target),
        "shap": lambda: reference_shap(module, x, references, 1),
        "all": lambda: reference_shap(module, x, references, None),
        "metrics": lambda: _page_metrics(fast, x, settings),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):  # in turns, so that a busy machine troubles all alike
        for name, work in works.items():
            if name != "metrics" or turn == 1:
                spent = seconds(work, 1)
                times[name] += spent if turn else []  # the first turn warms up
    ours = median(times["ours"])
    row = sum(median(times[name]) for name in THREE)
    usual = row - median(times["shap"]) + median(times["all"])
    yield _row(f"explain {family}: three maps", ours, "s CPU", row, repeats, "<= 0.5")
    name = f"explain {family}: three maps, against shap's default of all classes"
    yield _row(name, ours, "s CPU", usual, repeats)
    name = f"explain {family}: all metrics of the page"
    measured = times["metrics"][0]
    yield _row(name, measured, "s CPU", row, 1, "<= 10")
    own = _row(f"{name}, against our three maps", measured, "s CPU", ours, 1, "<= 10")
    yield own | {"compared_with": "the three maps of one image"}
    yield from _equality(family, fast, model, x, references, start, settings)


def _equality(
    family: str,
    fast: Explainable,
    model: Explainable,
    x: torch.Tensor,
    references: torch.Tensor,
    start: torch.Tensor,
    settings: Settings,
) -> Iterator[dict[str, Any]]:
    """Correlation of our maps with the packages' maps, from the same draws where any are made."""
    found = engine.as_array(engine.maps(fast, x, ("ig",), settings))
    activation, gradient = layer_and_gradient(fast, x)
    grid = (gradient.mean((2, 3), keepdim=True) * activation).sum(1, keepdim=True).relu()
    which, at = shap_draws(len(references))
    ours, _ = expected_gradients(fast, x, references, which, at, settings.batch)
    theirs = {
        "gradcam": reference_gradcam(model.module, x, model.target),
        "ig": reference_ig(model.module, x, start, model.target).detach()[0].sum(0).numpy(),
        "shap": reference_shap(model.module, x, references, 1)[0, 0, ..., 0],
    }
    found |= {"gradcam": upsample(grid, x.shape[-1]), "shap": ours[0, 0].numpy()}
    for name in THREE:
        value = correlation(found[name], theirs[name])
        label = f"explain {family}: same {name} map"
        yield _row(label, value, "correlation", 1.0, found[name].size, ">= 0.99")


def _page_metrics(model: Explainable, x: torch.Tensor, settings: Settings) -> None:
    """Every metric the page shows for one image."""
    how = MetricSettings()
    pixels = model.preprocessing.denormalise(x)[0]
    maps = engine.as_array(engine.maps(model, x, THREE, settings))
    everything = {**maps, **reference_maps(pixels, 0)}
    table.faithfulness(model, x, everything, how)
    table.agreements(everything, how)
    quick = how.quick(settings)
    original = engine.as_array(engine.maps(model, x, THREE, quick))
    table.robustness(model, pixels, list(THREE), quick, how, original)
    randomisation_curve(model, x, THREE, quick, how.stages, how.smoothing, original)


def run(repeats: int = 3) -> Iterator[dict[str, Any]]:
    """Yield name, value, unit, baseline, ratio (value over baseline) and n for every figure.

    Both sides run 50 steps and 50 samples from the same five references for one class, on
    untrained models of the shipped families at 128 px. Needs the packages of
    requirements-bench.txt.

    Raises:
        SynthLensError: a package to compare with is missing.
    """
    missing = [n for n in ("pytorch_grad_cam", "shap") if importlib.util.find_spec(n) is None]
    if missing:
        raise SynthLensError("Run 'pip install -r requirements-bench.txt' to compare explanations.")
    for family in FAMILIES:
        yield from compare(family, repeats)
