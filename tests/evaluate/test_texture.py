import numpy as np
import pytest

from core.evaluate.frechet import frechet
from core.evaluate.texture import (
    DESCRIPTORS,
    co_occurrence,
    gradients,
    local_patterns,
    luminance,
    radial_power,
    spectrum,
    tolerant_patterns,
    touched,
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


def test_co_occurrence_tells_fine_from_coarse_noise(rng):
    fine = noise_images(rng, 6)
    coarse = fine[:, :16, :16].repeat(4, 1).repeat(4, 2)
    found = {k: co_occurrence(v).mean(0) for k, v in (("fine", fine), ("coarse", coarse))}
    assert found["fine"].shape == (15,)
    contrast, correlation = slice(0, 3), slice(12, 15)
    assert (found["fine"][contrast][:2] > found["coarse"][contrast][:2]).all()
    assert np.abs(found["fine"][correlation]).max() < 0.05 < found["coarse"][correlation][0]


def test_co_occurrence_of_a_turned_image_is_the_same(rng):
    images = noise_images(rng, 3)
    turned = np.ascontiguousarray(np.rot90(images, axes=(1, 2)))
    np.testing.assert_allclose(co_occurrence(images), co_occurrence(turned), atol=1e-9)


def test_gradients_tell_orientation():
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    across, down = gradients(np.stack([ramp, ramp.T])[..., None])
    assert across.shape == (128,)
    assert np.abs(across - down).sum() > 1


def smooth_images(rng, n, size=64):
    """Made-up organs: a textured disc on flat black ground."""
    y, x = np.mgrid[:size, :size] / size - 0.5
    disc = np.hypot(x, y) < 0.3
    grain = rng.normal(0, 25, (n, size, size))
    grain = (grain + np.roll(grain, 1, 1) + np.roll(grain, 1, 2)) / 2
    ground = rng.normal(120, 10, (n, 1, 1))
    return np.clip(np.where(disc, ground + grain, 0), 0, 255).astype(np.uint8)[..., None]


def test_without_tolerance_the_patterns_are_those_of_scikit_image(rng):
    images = noise_images(rng, 3)
    found = tolerant_patterns(images, 0.0)
    np.testing.assert_allclose(found, local_patterns(images), atol=2e-3)


def test_flat_ground_with_a_grey_level_of_noise_is_one_pattern(rng):
    noisy = (90 + rng.integers(-1, 2, (1, 64, 64, 1))).astype(np.uint8)
    assert tolerant_patterns(noisy)[0, :10].max() == pytest.approx(1)
    assert local_patterns(noisy)[0, :10].max() < 0.5


def test_a_real_image_with_invisible_noise_is_foreign_to_plain_patterns_alone(rng):
    a, b = smooth_images(rng, 40), smooth_images(rng, 40)
    same = touched(b)["noise"]
    assert np.abs(same.astype(int) - b).max() == 1
    found = {}
    for name in ("lbp", "lbp_tolerant", "spectrum"):
        function = DESCRIPTORS[name]
        found[name] = frechet(function(a), function(b)) / frechet(function(a), function(same))
    assert found["lbp"] < 0.1
    assert found["lbp_tolerant"] > 0.3 and found["spectrum"] > 0.3


def test_a_good_jpeg_hardly_changes_an_image(rng):
    images = smooth_images(rng, 3)
    saved = touched(images)["jpeg"]
    assert saved.shape == images.shape and saved.dtype == np.uint8
    assert 0 < np.abs(saved.astype(int) - images).mean() < 4
    colour = touched(images.repeat(3, -1))["jpeg"]
    assert colour.shape == (3, 64, 64, 3)


@pytest.mark.parametrize("name", ["lbp", "spectrum", "lbp_tolerant", "glcm"])
def test_blurred_images_are_farther_than_other_sharp_ones(name, rng):
    function = DESCRIPTORS[name]
    images = noise_images(rng, 60, 32)
    a, b = function(images[:30]), function(images[30:])
    soft = (images[30:].astype(float) + np.roll(images[30:], 1, 1)) / 2
    assert frechet(a, function(soft.astype(np.uint8))) > 1.5 * frechet(a, b)
