import json

import numpy as np
import pytest
import torch

from core.preprocessing import Preprocessing


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(50, 70), (50, 70, 3), (128, 128)])
def test_any_image_becomes_a_square_of_the_right_channels(shape, channels, rng):
    recipe = Preprocessing(size=64, channels=channels)
    assert recipe(rng.random(shape, dtype=np.float32)).shape == (1, channels, 64, 64)
    assert recipe.pixels(rng.random(shape)).dtype == np.uint8


def test_uint8_and_unit_float_give_the_same_pixels(rng):
    pixels = rng.integers(0, 256, (40, 30), dtype=np.uint8)
    recipe = Preprocessing(size=32)
    same = recipe.pixels(pixels.astype(np.float32) / 255)
    np.testing.assert_array_equal(recipe.pixels(pixels), same)


def test_normalising_is_undone_exactly(rng):
    pixels = rng.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    recipe = Preprocessing(size=16, channels=3)
    batch = recipe.normalise(pixels)
    assert float(batch.min()) >= -1 and float(batch.max()) <= 1
    np.testing.assert_array_equal(recipe.denormalise(batch), pixels)


def test_out_of_range_values_are_clipped_not_wrapped():
    recipe = Preprocessing(size=2)
    pixels = recipe.denormalise(torch.tensor([[[[-9.0, 9.0], [-1.0, 1.0]]]]))
    assert pixels.ravel().tolist() == [0, 255, 0, 255]


def test_settings_survive_json(rng):
    recipe = Preprocessing(size=48, channels=1, mean=0.4, clahe=0.02)
    again = Preprocessing.from_dict(json.loads(json.dumps(recipe.to_dict())))
    image = rng.random((60, 60), dtype=np.float32)
    assert again == recipe
    assert torch.equal(again(image), recipe(image))


def test_clahe_raises_the_contrast_of_a_flat_image(rng):
    image = 0.5 + 0.02 * rng.standard_normal((64, 64)).astype(np.float32)
    plain, clahe = Preprocessing(size=64), Preprocessing(size=64, clahe=0.05)
    assert clahe.pixels(image).std() > 1.5 * plain.pixels(image).std()
