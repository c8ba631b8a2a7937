"""Figures of what made a generated image."""

import numpy as np

from core.explain.generator import GeneratorExplanation
from core.ui.figures import generators


def test_a_region_is_outlined_and_the_image_left_alone():
    pixels = np.zeros((9, 9, 1), np.uint8)
    image = generators.framed(pixels, (0.25, 0.0, 0.75, 1.0))
    assert image.shape == (9, 9, 3)
    assert (image[[2, 6]] == (230, 159, 0)).all()
    assert not image[4, 1:-1].any() and not pixels.any()


def test_panels_keep_their_order_and_stay_few():
    rng = np.random.default_rng(0)
    layers = {f"conv{i}": rng.normal(size=(4 + i, 4 + i)) for i in range(20)}
    fig = generators.layer_maps(layers)
    assert len(fig.data) == generators.MOST
    titles = [a.text for a in fig.layout.annotations]
    assert titles[0] == "conv0 (4 px)" and titles[-1] == "conv19 (23 px)"
    assert all(np.abs(trace.z).max() == 1 for trace in fig.data)
    fig = generators.over_time([np.ones((4, 4))] * 3, "middle")
    assert [a.text for a in fig.layout.annotations][-1] == "step 3 of 3"


def test_strongest_coordinates_first_and_shares_of_one():
    w = np.array([[0.0, -3.0, 1.0], [0.0, 0.0, 4.0]])
    found = GeneratorExplanation(np.zeros((4, 4, 1), np.uint8), 0.0, w, np.zeros(2), {})
    assert list(generators.layer_shares(found).data[0].y) == [0.5, 0.5]
    bars = generators.coordinates(w.sum(0), "w").data[0]
    assert list(bars.x)[:2] == ["w2", "w1"] and list(bars.y)[:2] == [5, -3]
