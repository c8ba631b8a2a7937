import numpy as np
import pytest
import torch

from core.latent.dissection import ablate, activations, overlaps, scaled_units, segments

from .small import codes, small_stylegan2

LAYER = "8 px, layer 1"


def test_layers_are_named_by_their_side():
    names = list(small_stylegan2().unit_layers())
    assert names == [
        "4 px, layer 0", "8 px, layer 1", "8 px, layer 2", "16 px, layer 3", "16 px, layer 4",
    ]  # fmt: skip


def test_activations_have_one_map_per_unit_and_leave_no_hook():
    model = small_stylegan2()
    found = activations(model, codes(model), LAYER)
    assert found.shape == (4, 8, 8, 8)
    assert not model.unit_layers()[LAYER]._forward_hooks


def test_ablating_a_unit_that_feeds_nothing_changes_nothing():
    model = small_stylegan2()
    w = codes(model)
    with torch.no_grad():  # unit 3 of layer 1 is read by layer 2 alone: cut that wire
        model.synthesis.convs[2].weight[:, 3] = 0
    before = model.synthesise(w)
    assert torch.equal(ablate(model, w, LAYER, [3]), before)
    assert not torch.equal(ablate(model, w, LAYER, [2]), before)


@pytest.mark.parametrize("layer", range(5))
def test_a_factor_of_one_changes_nothing(layer):
    model = small_stylegan2()
    w = codes(model)
    name = list(model.unit_layers())[layer]
    assert torch.equal(ablate(model, w, name, list(range(8)), 1.0), model.synthesise(w))
    assert not torch.allclose(ablate(model, w, name, [0], 3.0), model.synthesise(w))


def test_a_negative_factor_is_refused():
    model = small_stylegan2()
    with pytest.raises(ValueError, match="turned off"):
        ablate(model, codes(model), LAYER, [0], -1.0)


def test_the_hook_goes_when_the_work_fails():
    layer = torch.nn.Conv2d(1, 2, 1)
    with pytest.raises(RuntimeError), scaled_units(layer, [0], 0.0):
        raise RuntimeError
    assert not layer._forward_hooks


def test_units_are_matched_with_the_segment_they_follow():
    rng = np.random.default_rng(0)
    left = np.zeros((8, 16, 16), bool)
    for mask, row in zip(left, rng.integers(0, 12, 8)):
        mask[row : row + 4] = True  # a bar at another height in every image
    other = rng.random((8, 16, 16)) < 0.3
    follows = torch.from_numpy(left).float()
    noise = torch.from_numpy(rng.random((8, 16, 16))).float()
    found = overlaps(torch.stack([noise, follows], 1), {"bar": left, "other": other})
    assert (found[0].unit, found[0].segment) == (1, "bar")
    assert found[0].iou > 0.95
    assert found[0].control < 0.6  # bars of other images do not fit
    assert found[1].iou - found[1].control < 0.1


def test_segments_are_where_they_should_be():
    image = np.full((2, 64, 64, 1), 120, np.uint8)
    image[:, :16, :16] = 250
    image[:, -16:, -16:] = 3
    found = segments(image)
    assert found["bright"][:, :16, :16].all() and found["bright"].sum() == 2 * 16 * 16
    assert found["dark"][:, -16:, -16:].all() and not found["dark"][:, :40, :40].any()
    assert set(found) == {"bright", "dark", "edges"}
    assert {"lung", "outside lung"} < set(segments(image, "lung"))
    assert "nuclei" in segments(np.repeat(image, 3, 3))
