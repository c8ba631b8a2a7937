"""An image redrawn as another class no further than needed, and what a flip is worth."""

import numpy as np
import pytest
import torch

from core.explain import counterfactual as counterfactuals
from core.explain.counterfactual import counterfactual
from core.explain.diffusion_edit import STRENGTHS, redraw
from core.explain.explainable import Explainable, ExplainError
from core.explain.flip_controls import attack, grey_levels, random_change
from core.preprocessing import Preprocessing
from core.registry import default_registry
from tests.toy import ToyClassifier, toy_registry

LEVELS = (-0.6, 0.2, 0.6)


class Pull:
    """A "diffusion model" whose classes are levels of brightness and whose latents are images.

    Noise leaves an image as it is; drawing it back from time t pulls it towards its class, the
    more the longer the way.
    """

    classes, channels, latent = 3, 1, (1, 4)

    def __init__(self):
        self.drawn = []

    @property
    def autoencoder(self):
        return self

    def to_grid(self, images):
        return images

    encode = to_grid

    def to_image(self, z, seeds=None):
        return z

    def decode(self, z, channels):
        return z

    def guided(self, labels, guidance):
        if labels[0] == self.classes:
            return lambda z, t: torch.zeros_like(z)
        self.drawn.append(labels.tolist())
        aims = torch.tensor(LEVELS)[labels].reshape(-1, 1, 1, 1)
        return lambda z, t: z - aims


def brightness(images):
    return (images.mean((1, 2, 3)) + 1) / 2


def dark(side=32):
    return torch.full((1, 1, side, side), -0.6)


def test_no_further_than_needed():
    easy = redraw(Pull(), dark(), [2], brightness, aim=0.45)
    hard = redraw(Pull(), dark(), [2], brightness, aim=0.52)
    assert easy.reached and hard.reached and easy.strength < hard.strength
    for edit, aim in ((easy, 0.45), (hard, 0.52)):
        assert aim <= float(brightness(edit.end)) < aim + 0.03  # just past the boundary
        assert torch.equal(edit.start, dark())


def test_the_nearest_class_wins_and_the_rest_are_not_tried_further():
    artist = Pull()
    edit = redraw(artist, dark(), [1, 2], brightness, aim=0.4)
    assert edit.label == 2  # the brighter class gets there first
    assert artist.drawn == [[1, 2]] * (STRENGTHS.index(edit.strength) + 1)


def test_what_cannot_be_reached_is_said():
    shares = []
    edit = redraw(Pull(), dark(), [0, 1], brightness, aim=0.9, progress=shares.append)
    assert not edit.reached and edit.label == 1 and edit.strength == STRENGTHS[-1]
    assert shares == sorted(shares) and len(shares) == len(STRENGTHS)


def test_the_attack_is_as_small_as_it_must_be():
    model = Explainable(ToyClassifier(2, 1).eval(), Preprocessing(size=16), ("a", "b"), target=1)
    x = torch.full((1, 1, 16, 16), -0.12)
    near, far = attack(model, x, aim=0.5), attack(model, x - 0.02, aim=0.5)
    assert 0 < near < far <= 0.06 * 127.5  # brightening the whole image flips it at -0.1
    assert attack(model, x - 0.5, aim=0.5) is None
    assert grey_levels(torch.full((1, 1, 4, 4), 2.0)) == pytest.approx(255)


def test_random_changes_of_a_size_have_that_size():
    kept = []

    def judge(images):
        kept.append(images)
        return torch.full((len(images),), 0.25)

    start = torch.zeros(1, 1, 8, 8)
    assert random_change(judge, Pull(), start, torch.tensor(0.1), 1) == 0.25
    assert kept[0].square().mean((1, 2, 3)).sqrt().numpy() == pytest.approx(0.1, abs=1e-5)


def test_an_upload_is_redrawn_by_the_diffusion_model(tmp_path, monkeypatch):
    registry = toy_registry(tmp_path)
    artist = counterfactuals._Artist(Pull(), ["normal", "viral", "bacterial"], [1, 2])
    monkeypatch.setattr(counterfactuals, "_artist", lambda *request: artist)
    image = np.full((40, 40), 50, np.uint8)
    found = counterfactual(registry, "chest_xray/toy-cnn", image, "PNEUMONIA")
    assert found.way == "diffusion" and found.drawn_as == "bacterial" and found.flipped
    assert found.steps == STRENGTHS.index(found.strength) + 1
    assert found.before == pytest.approx(found.seen) and found.before < 0.5
    assert found.control < 0.5
    assert found.attack is None or found.attack > 0
    assert found.change == pytest.approx(np.abs(found.difference).mean() * 255, rel=0.01)
    assert found.difference.min() > 0
    assert not found.near_adversarial and found.followers == 1
    with pytest.raises(ExplainError, match="no way 'magic'"):
        counterfactual(registry, "chest_xray/toy-cnn", image, "PNEUMONIA", way="magic")


def test_without_a_diffusion_model_the_gradient_is_followed(tmp_path):
    registry = toy_registry(tmp_path)
    for model, wanted in (("toy-cnn", "PNEUMONIA"), ("toy-detector", "real")):
        assert counterfactuals.ways(registry, f"chest_xray/{model}", wanted) == ("latent",)
    with pytest.raises(ExplainError, match="can draw 'PNEUMONIA'"):
        counterfactual(registry, "chest_xray/toy-cnn", np.zeros((32, 32), np.uint8), "PNEUMONIA",
                       way="diffusion")  # fmt: skip


def test_the_shipped_diffusion_models_can_draw_the_classifiers_answers():
    registry = default_registry()
    cards = [c for c in registry.cards("chest_xray", "classifier") if "PNEUMONIA" in c.classes]
    if not cards or not any(
        c.family == "latent-diffusion" for c in registry.cards("chest_xray", "generator")
    ):
        pytest.skip("needs the shipped models of chest X-rays")
    card, labels = counterfactuals._drawer(registry, "chest_xray", "PNEUMONIA")
    assert {"bacterial", "viral"} <= {card.classes[i] for i in labels}
    assert counterfactuals.ways(registry, cards[0].id, "NORMAL") == ("diffusion", "latent")
