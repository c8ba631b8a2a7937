import numpy as np
import pytest

from core.evaluate.frechet import frechet
from core.evaluate.texture import (
    DESCRIPTORS,
    gradients,
    local_patterns,
    luminance,
    radial_power,
    spectrum,
)


def noise_images(rng, n=12, size=64, channels=1):
    return rng.integers(0, 256, (n, size, size, channels), dtype=np.uint8)


def test_luminance_of_grey_and_of_replicated_grey_agree(rng):
    grey = noise_images(rng)
    np.testing.assert_allclose(luminance(grey), luminance(grey.repeat(3, -1)), atol=1e-6)


def test_pattern_histograms_are_shares(rng):
    found = local_patterns(noise_images(rng, 3))
    assert found.shape == (3, 28)
    np.testing.assert_allclose(found[:, :10].sum(1), 1)
    np.testing.assert_allclose(found[:, 10:].sum(1), 1)


def test_a_constant_image_holds_one_pattern():
    found = local_patterns(np.full((1, 32, 32, 1), 90, np.uint8))[0]
    assert found[:10].max() == pytest.approx(1)


@pytest.mark.parametrize("cycles", [4, 11])
def test_spectrum_peaks_at_the_frequency_of_a_wave(cycles):
    x = np.arange(64) / 64
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * cycles * x)[None, :] * np.ones((64, 1))
    assert radial_power(wave[None])[0].argmax() == cycles - 1


def test_spectrum_of_white_noise_is_flat_and_blur_lowers_its_end(rng):
    images = noise_images(rng, 20)
    flat = spectrum(images).mean(0)
    assert flat.max() - flat[2:].min() < 0.6
    soft = (images.astype(float) + np.roll(images, 1, 1) + np.roll(images, 1, 2)) / 3
    assert spectrum(soft.astype(np.uint8)).mean(0)[-5:].mean() < flat[-5:].mean() - 0.3


def test_gradients_tell_orientation():
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    across, down = gradients(np.stack([ramp, ramp.T])[..., None])
    assert across.shape == (128,)
    assert np.abs(across - down).sum() > 1


@pytest.mark.parametrize("name", ["lbp", "spectrum"])
def test_blurred_images_are_farther_than_other_sharp_ones(name, rng):
    function = DESCRIPTORS[name]
    images = noise_images(rng, 60, 32)
    a, b = function(images[:30]), function(images[30:])
    soft = (images[30:].astype(float) + np.roll(images[30:], 1, 1)) / 2
    assert frechet(a, function(soft.astype(np.uint8))) > 1.5 * frechet(a, b)
