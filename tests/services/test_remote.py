"""Services that run elsewhere look the same to their caller."""

import numpy as np
import pytest

from core.explain.service import explain
from core.services import remote
from core.services.classification import classify
from core.services.detection import detect
from core.services.generation import generate
from tests.toy import real_image, toy_registry


class Elsewhere:
    """Cards here, services on a registry of its own: what a remote back end does, in process."""

    def __init__(self, registry):
        self.own, self.asked = registry, []

    def __getattr__(self, name):
        return getattr(self.own, name)

    def call(self, service, arguments):
        self.asked.append(service)
        return remote.perform(self.own, service, arguments)


@pytest.fixture
def both(tmp_path):
    here = toy_registry(tmp_path)
    return here, Elsewhere(toy_registry(tmp_path))


def test_generation_is_done_elsewhere_and_is_the_same(both):
    here, there = both
    shares = []
    arguments = ("chest_xray", "toy-gan", "normal", 3, 7)
    found = generate(there, *arguments, progress=lambda share, _: shares.append(share))
    for one, two in zip(generate(here, *arguments), found, strict=True):
        assert np.array_equal(one.pixels, two.pixels) and one.seed == two.seed
    assert there.asked == ["draw"] and shares == [1.0]


def test_answers_and_maps_are_the_same(both):
    here, there = both
    images = [real_image(i) for i in range(3)]
    assert classify(here, images, "chest_xray") == classify(there, images, "chest_xray")
    assert detect(here, images, "chest_xray") == detect(there, images, domain="chest_xray")
    one, two = (
        explain(r, "chest_xray/toy-cnn", images[0], ["gradcam"], metrics=False) for r in both
    )
    assert np.array_equal(one.maps["gradcam"], two.maps["gradcam"])
    assert there.asked == ["classify", "detect", "explain"]


def test_errors_are_the_services_own(both):
    with pytest.raises(KeyError):
        classify(both[1], [real_image()], "nowhere")
    with pytest.raises(KeyError):
        remote.perform(both[0], "forget everything", {})
