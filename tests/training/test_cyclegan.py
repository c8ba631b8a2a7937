import json

import pytest
import torch

from core.training import cyclegan
from core.training.gan_monitor import TrainingStoppedError
from core.training.run import Run
from core.translation.slices import read_slices
from tests.phantoms import slices_zip

WEIGHTS = {"adversarial": 1.0, "cycle": 10.0, "identity": 5.0}
VARIANT = {**WEIGHTS, "shape": 5.0, "structure": 5.0}
ALIGNED = {"aligned": 10.0, "adversarial": 0.2, "cycle": 1.0}


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return read_slices([slices_zip(folder / "made.zip")], 32, folder / "cache")


@pytest.fixture
def published(monkeypatch):
    """Keep the trained module instead of writing a checkpoint."""
    kept = {}

    def publish(run, card, module):
        kept[card.id] = module
        return card

    monkeypatch.setattr(cyclegan, "publish", publish)
    return kept


def settings(weights, **train):
    model = {"family": "cyclegan", "size": 32, "width": 4, "dilations": [1], "critic_width": 4}
    table = {"batch": 2, "images": 8, "pool": 4, "weights": weights, **train}
    return {"id": "brain_mri/toy", "seed": 3, "model": model, "train": table}


@pytest.mark.parametrize(
    "config",
    [
        settings(WEIGHTS),
        settings(VARIANT, window=0.2),
        settings({**VARIANT, "drawn": 10.0}, warm=0.5),
        settings({"adversarial": 0.0, "cycle": 1.0, "identity": 0.0}),
        settings(ALIGNED, fold=1),
    ],
    ids=["cyclegan", "variant", "drawn start", "cycle alone", "aligned"],
)
def test_every_configuration_trains_and_describes_itself(config, slices, published, tmp_path):
    run = Run(tmp_path, config, command="test")
    card = cyclegan.train(config, [slices], run)
    assert run.step == 4 and run.images_seen == 8
    assert card.task == "translator" and card.config["size"] == 32
    assert "16" in card.calibration["cases"]["val"]
    last = json.loads(run.history.read_text().splitlines()[-1])
    assert last["val_mae"] > 0 and -1 <= last["val_ssim"] <= 1
    assert (tmp_path / "grids" / "0000004.png").exists()
    parameters = torch.cat([p.flatten() for p in published["brain_mri/toy"].parameters()])
    assert torch.isfinite(parameters).all()


def test_cards_tell_which_cases_were_trained_on(slices, published, tmp_path):
    unpaired = cyclegan.train(settings(WEIGHTS), [slices], Run(tmp_path / "a", settings(WEIGHTS)))
    assert unpaired.calibration["cases"]["train"] == []
    config = settings(ALIGNED, fold=0)
    aligned = cyclegan.train(config, [slices], Run(tmp_path / "b", config))
    assert aligned.calibration["cases"]["test"] == ["20", "21"]
    assert not set(aligned.calibration["cases"]["train"]) & {"20", "21", "16"}


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(slices, published, tmp_path):
    whole = settings(VARIANT)
    cyclegan.train(whole, [slices], Run(tmp_path / "whole", whole))
    expected = published["brain_mri/toy"].state_dict()
    run = Run(tmp_path / "cut", whole)
    steps, source = cyclegan.make_steps(whole, slices, run, lambda _: torch.nn.Identity())
    ema = cyclegan.Ema(steps.model, 0.995)
    for _ in range(2):
        torch.manual_seed(run.seed * 1_000_003 + run.step)
        steps.set_rate(run.images_seen / 8)
        steps.step(source)
        run.step += 1
        run.images_seen += 2
        ema.update(steps.model, run.step)
    cyclegan.save(run, steps, ema.module)
    cyclegan.train(whole, [slices], Run(tmp_path / "cut", whole, resume=True))
    for name, value in published["brain_mri/toy"].state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-4)


def test_fine_tuning_starts_from_another_model(slices, published, tmp_path):
    first = settings(WEIGHTS)
    cyclegan.train(first, [slices], Run(tmp_path / "a", first))
    start = published["brain_mri/toy"]
    config = settings(ALIGNED, fold=0, start="brain_mri/toy", images=0)
    cyclegan.train(config, [slices], Run(tmp_path / "b", config), load=lambda _: start)
    for name, value in published["brain_mri/toy"].state_dict().items():
        torch.testing.assert_close(value, start.state_dict()[name])


def test_rate_falls_to_zero_over_the_second_half(slices, tmp_path):
    config = settings(WEIGHTS)
    run = Run(tmp_path, config)
    steps, _ = cyclegan.make_steps(config, slices, run, lambda _: torch.nn.Identity())
    rates = []
    for progress in (0.0, 0.5, 0.75, 1.0):
        steps.set_rate(progress)
        rates.append(steps.optimisers["critic"].param_groups[0]["lr"] / steps.rate)
    assert rates == pytest.approx([1, 1, 0.5, 0.001])


def test_divergence_stops_the_run(slices, published, tmp_path):
    config = settings({**WEIGHTS, "cycle": float("nan")}, log_seconds=0, rate=1.0, images=64)
    with pytest.raises(TrainingStoppedError):
        cyclegan.train(config, [slices], Run(tmp_path, config))
