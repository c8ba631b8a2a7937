"""The service end to end, its threads, its hooks and its memory."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
import torch

from core.cards import Card
from core.errors import CancelledError
from core.explain import dataset, export
from core.explain.base import Settings
from core.explain.explainable import ExplainError
from core.explain.metrics.settings import MetricSettings
from core.explain.references import REFERENCES
from core.explain.service import available_methods, explain, explainable_models, targets
from core.models.base import family
from core.preprocessing import Preprocessing
from tests.explain import planted
from tests.toy import real_image, toy_registry, write_model

SMALL = Settings(steps=8, max_steps=8, samples=10, superpixels=8, coalitions=40)
LITTLE = MetricSettings(
    deletion_steps=5, road=(0.3, 0.6), squares=6, neighbours=1, stages=2, steps=4, samples=5
)
CHEST = "chest_xray"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    found = toy_registry(tmp_path_factory.mktemp("checkpoints"))
    config = {"channels": 1, "classes": 2, **planted.CONFIGS["cnn"]}
    config["widths"] = list(config["widths"])
    card = Card(f"{CHEST}/small", CHEST, "classifier", "cnn", "Small", config,
                ["NORMAL", "PNEUMONIA"])  # fmt: skip
    card.preprocessing = Preprocessing(size=32).to_dict()
    write_model(found.root, card, planted.module("cnn").net, None)
    return found


def run(registry, seed, model="small", **options):
    given = {"settings": SMALL, "metric_settings": LITTLE, **options}
    return explain(registry, f"{CHEST}/{model}", real_image(seed, 64), **given)


def test_everything_for_one_image(registry):
    shares = []
    found = run(registry, 0, progress=lambda share, _: shares.append(share))
    assert list(found.maps) == ["gradcam", "ig", "shap"]
    assert set(found.metrics) == {"gradcam", "ig", "shap", *REFERENCES}
    wanted = {"insertion", "deletion", "road", "infidelity", "max_sensitivity", "gini",
              "stability_jpeg", "stability_noise", "inside_organ", "pointing"}  # fmt: skip
    assert wanted <= set(found.metrics["ig"])
    assert found.agreement["ig"]["shap"] == found.agreement["shap"]["ig"]
    assert len(found.randomisation["gradcam"]) == 3
    assert found.reading.sentence.startswith("IG and SHAP ")
    assert found.reading.sentence.endswith(".")
    assert found.prediction[found.target] == max(found.prediction.values())
    assert sum(found.prediction.values()) == pytest.approx(1)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert found.mask.shape == (32, 32)
    assert export.numbers(found)["settings"]["maps"]["steps"] == 8
    assert export.png_grid([found, found]).startswith(b"\x89PNG")
    assert export.npy(found.maps["ig"]).startswith(b"\x93NUMPY")


def test_contrast_and_target(registry):
    one = run(registry, 1, metrics=False, methods=["ig"], target="normal")
    other = run(registry, 1, metrics=False, methods=["ig"], target="NORMAL", against="PNEUMONIA")
    back = run(registry, 1, metrics=False, methods=["ig"], target="PNEUMONIA", against="NORMAL")
    assert (one.target, other.against) == ("NORMAL", "PNEUMONIA")
    assert np.allclose(other.maps["ig"], -back.maps["ig"], atol=1e-5)
    assert not one.metrics
    assert not np.allclose(one.maps["ig"], other.maps["ig"])


def test_detector_is_explained_by_its_synthetic_logit(registry):
    found = run(registry, 2, model="toy-detector", metrics=False)
    assert found.target == "synthetic"
    assert targets(registry, f"{CHEST}/toy-detector") == ["real", "synthetic"]


class ToyCritic(torch.nn.Module):
    """Scores an image as each of two classes: dark ones as the first, bright as the second."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 1)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([-4.0, 4.0]).reshape(2, 1, 1, 1))
            self.conv.bias.copy_(torch.tensor([1.0, 2.0]))

    def forward(self, x):
        return self.conv(x).mean((2, 3))


def test_a_critics_scores_are_read_one_by_one(registry):
    card = Card(f"{CHEST}/toy-critic", CHEST, "critic", "toy_critic", "Toy critic", {},
                ["normal", "viral"])  # fmt: skip
    card.preprocessing = Preprocessing(size=32).to_dict()
    family("toy_critic")(lambda config, load: ToyCritic())
    write_model(registry.root, card, ToyCritic(), None)
    methods = available_methods(registry, card.id, f"{CHEST}/small")
    assert "gradcam" not in methods and "shap" in methods
    found = run(registry, 0, model="toy-critic", methods=["ig", "shap"])
    scores = np.array([found.prediction[k] for k in ("normal", "viral")])
    logits = np.log(scores / (1 - scores))
    assert logits.sum() == pytest.approx(3, abs=1e-4)  # no softmax: 1 + 2, whatever the image
    assert found.task == "critic" and found.target == max(
        found.prediction, key=found.prediction.get
    )
    assert found.info["ig"]["completeness_gap"] < 0.01
    assert 0 <= found.metrics["ig"]["deletion"] <= 1


def test_clear_refusals(registry):
    with pytest.raises(ExplainError, match="choose a classifier"):
        run(registry, 0, model="toy-gan")
    with pytest.raises(ExplainError, match="cannot explain this model"):
        run(registry, 0, methods=["rollout"])
    assert f"{CHEST}/toy-gan" not in explainable_models(registry, CHEST)
    assert "rollout" not in available_methods(registry, f"{CHEST}/small")


def test_cancelling(registry):
    def stop(share, _):
        if share > 0.3:
            raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        run(registry, 0, progress=stop)
    assert not hooks(registry)


def hooks(registry):
    modules = registry.get(f"{CHEST}/small").module.modules()
    return [m for m in modules if m._forward_hooks or m._forward_pre_hooks or m._backward_hooks]


def test_eight_threads_get_the_maps_of_one(registry):
    methods = ["gradcam", "gradcam++", "ig", "shap", "smoothgrad", "kernelshap"]
    work = lambda seed: run(registry, seed, methods=methods, metrics=False).maps  # noqa: E731
    alone = [work(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, range(8)))
    for one, other in zip(alone, together):
        for method in methods:
            assert np.allclose(one[method], other[method], atol=1e-6), method
    assert not np.allclose(alone[0]["ig"], alone[1]["ig"])


def test_two_users_of_one_model_never_mix_maps(registry):
    """One destroys copies of the weights for the randomisation check, the other just looks."""
    thorough = lambda: run(registry, 0, target="NORMAL", against="PNEUMONIA")  # noqa: E731
    glance = lambda seed: run(registry, seed, target="PNEUMONIA", metrics=False).maps  # noqa: E731
    alone, others = thorough(), [glance(seed) for seed in range(1, 5)]
    with ThreadPoolExecutor(3) as pool:
        first, second = pool.submit(thorough), pool.submit(thorough)
        glances = [pool.submit(glance, seed) for seed in range(1, 5)]
        together = [first.result(), second.result()]
    for found in together:
        assert found.randomisation == alone.randomisation
        assert found.agreement == alone.agreement
        for method, values in alone.maps.items():
            assert np.allclose(found.maps[method], values, atol=1e-6), method
    for expected, found in zip(others, glances):
        for method, values in expected.items():
            assert np.allclose(found.result()[method], values, atol=1e-6), method
    assert not hooks(registry)


def test_no_hook_and_no_memory_remains_after_200_runs(registry):
    least = Settings(steps=2, max_steps=2, samples=5)
    one = lambda seed: run(registry, seed % 4, metrics=False, settings=least)  # noqa: E731
    for seed in range(20):
        one(seed)
    gc.collect()
    before = psutil.Process().memory_info().rss
    tensors = sum(torch.is_tensor(o) for o in gc.get_objects())
    for seed in range(200):
        one(seed)
    gc.collect()
    assert not hooks(registry)
    assert sum(torch.is_tensor(o) for o in gc.get_objects()) <= tensors + 5
    assert psutil.Process().memory_info().rss - before < 40e6


class FewImages:
    """Stands in for `DomainData` with four test images."""

    def __init__(self):
        self.images = np.stack([real_image(i, 64)[..., None] for i in range(5)])
        self.archives = {"toy.zip": "0" * 64}

    def indices(self, split, task=None, clean=False):
        return np.arange(1, 5)


def test_dataset_figures(registry):
    model = f"{CHEST}/small"
    found = dataset.evaluate(registry, model, FewImages(), n=2, methods=("gradcam",), draws=50)
    assert found["n"] == 2
    value = found["metrics"]["gradcam"]["deletion"]
    assert value["ci"][0] <= value["value"] <= value["ci"][1]
    assert (registry.folder(model) / dataset.FILE).exists()
    assert 0 <= found["beats"]["centre"]["gradcam"]["road"]["value"] <= 1


def test_dataset_figures_of_a_detector_explain_its_own_answer(registry):
    model, images = f"{CHEST}/toy-detector", FewImages()
    assert dataset.answer(registry, model, images.images[1].squeeze()) == "real"
    found = dataset.evaluate(registry, model, images, n=2, methods=("ig", "occlusion"), draws=50)
    assert found["explained"] == "the model's own answer" and found["cpu_seconds_per_image"] > 0
    wanted = {"insertion", "deletion", "road", "infidelity", "max_sensitivity", "gini",
              "stability_jpeg", "stability_noise", "inside_organ", "pointing"}  # fmt: skip
    assert wanted == set(found["metrics"]["ig"])
    assert set(found["metrics"]) == {"ig", "occlusion", *REFERENCES}
    assert found["metrics"]["ig"]["deletion"]["value"] > 0.3  # of P(real), not P(synthetic)
    assert set(found["agreement"]) == {"ig occlusion"}
    assert found["randomisation"]["ig"][0]["value"] == 1


def test_classifiers_come_before_detectors_and_critics(tmp_path):
    from tests.toy import toy_registry

    registry = toy_registry(tmp_path)
    tasks = [registry.card(i).task for i in explainable_models(registry, "chest_xray")]
    assert tasks == sorted(tasks, key=("classifier", "detector").index)
    assert {"classifier", "detector"} == set(tasks)
