"""Amounts of grain: fitted by band, measured as a curve, and a model left as it was."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core import domains
from core.cards import Card
from core.data.dataset import DomainData
from core.errors import CheckpointError
from core.evaluate.grain import DECIDES, FILE, evaluate, fit, score
from core.evaluate.texture import DESCRIPTORS
from core.models.autoencoder import build_autoencoder
from core.models.base import stands_alone
from core.preprocessing import Preprocessing
from core.registry import Registry
from tests.toy import write_model

SIZE = 32
CONFIG = {"fold": 4, "latent_channels": 4, "widths": [16, 32], "layers": 1}
CONFIG |= {"grain_amounts": {"grey": [0.7, 0.3]}}


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, SIZE, SIZE, 1), dtype=np.uint8)
    split = np.array(["train"] * 40 + ["val"] * 20)
    return DomainData(
        domains.get("brain_mri"), Preprocessing(size=SIZE), [], images, np.arange(60) % 4, split,
        np.zeros(60, bool), np.arange(60), [""] * 60, np.zeros((60, 32), np.uint8), {},
    )  # fmt: skip


def registry(root, grain):
    torch.manual_seed(0)
    config = {**CONFIG, "grain": grain}
    card = Card("shared/ae", "shared", "autoencoder", "autoencoder-kl", "AE", config)
    card.preprocessing = Preprocessing(size=SIZE, channels=3).to_dict()
    write_model(root, card, build_autoencoder(config, stands_alone), None)
    return Registry(root, torch.device("cpu"))


def test_the_curve_is_written_by_domain_and_the_model_stays_as_it_was(tmp_path, data):
    own = registry(tmp_path, 2)
    found = evaluate(own, "shared/ae", data, n=20, tried=(0.0, 1.0))
    assert found["n"] == 20 and found["n_fit"] == 8 and found["kind"] == "grey"
    assert found["in_use"]["amounts"] == [0.7, 0.3]
    grain = own.get("shared/ae").module.grain
    assert grain.amounts == {"grey": (0.7, 0.3), "colour": (0.6, 0.6)}
    plain, grained = found["curve"]["spectrum"]
    assert grained > plain > 0  # white noise has fine detail that a fresh decoder does not draw
    assert set(found["fitted"]["amounts"]) <= {0.0, 1.0}
    assert set(found["fitted"]["ratios"]) == set(DESCRIPTORS)
    stored = json.loads((own.folder("shared/ae") / FILE).read_text())
    assert stored["brain_mri"]["fitted"] == found["fitted"]
    again = evaluate(own, "shared/ae", data, n=20, tried=(0.0, 1.0))
    assert again["curve"] == found["curve"]


class Hill:
    """Ratios that are greatest at known amounts."""

    def __init__(self, top):
        self.top, self.grain, self.asked = top, SimpleNamespace(bands=len(top)), []

    def ratios(self, amounts):
        self.asked.append(amounts)
        gap = sum((a - b) ** 2 for a, b in zip(amounts, self.top))
        return dict.fromkeys(DECIDES, np.exp(-gap))


def test_the_fit_climbs_to_the_top_band_by_band_and_asks_nothing_twice():
    hill = Hill((0.2, 1.0, 0.4))
    assert fit(hill) == (0.2, 1.0, 0.4)
    assert len(hill.asked) == len(set(hill.asked)) <= 54


def test_the_score_weighs_relative_gains_alike():
    base = dict.fromkeys(DECIDES, 0.1)
    doubled = {**base, "lbp_tolerant": 0.2}
    other = {**base, "spectrum": 0.2}
    assert score(doubled) == pytest.approx(score(other)) and score(doubled) > score(base)


def test_an_autoencoder_without_grain_has_nothing_to_choose(tmp_path, data):
    with pytest.raises(CheckpointError, match="adds no grain"):
        evaluate(registry(tmp_path, 0), "shared/ae", data, n=20)
