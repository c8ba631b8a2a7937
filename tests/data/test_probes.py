"""Shortcut probes: they find planted shortcuts, and nothing where there is nothing."""

import io

import numpy as np
import pytest
from PIL import Image

from core.data import probes
from core.data.probes import border, jpeg_tables, probe, radial_spectrum, shortcut_features


def encode(pixels: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def labels(n: int = 200) -> np.ndarray:
    return np.array(["a", "b"])[np.arange(n) % 2]


def test_planted_shortcut_is_found(rng):
    features = rng.normal(size=(200, 4))
    features[labels() == "b", 2] += 6
    found = probe(features, labels(), np.arange(200))
    assert found.balanced_accuracy > 0.95
    assert found.low > found.chance == 0.5
    assert set(found.recall) == {"a", "b"}


def test_noise_stays_at_chance(rng):
    found = probe(rng.normal(size=(300, 4)), labels(300), np.arange(300))
    assert found.low < 0.5 < found.high
    assert found.low < found.balanced_accuracy < found.high


def test_constant_features_are_exactly_chance():
    found = probe(np.ones((60, 3)), labels(60), np.arange(60))
    assert found.balanced_accuracy == 0.5


def test_groups_stay_together(rng):
    # Each group has its own random signature; within groups copies would give the label away.
    group = np.repeat(np.arange(40), 5)
    signature = rng.normal(size=(40, 60))[group]
    truth = np.array(["a", "b"])[rng.permutation(np.arange(40) % 2)][group]
    leaking = probe(signature, truth, np.arange(200)).balanced_accuracy
    honest = probe(signature, truth, group).balanced_accuracy
    assert leaking > 0.95
    assert honest < 0.75


def test_interval_is_wider_for_fewer_groups(rng):
    features = rng.normal(size=(200, 2))
    features[labels() == "b"] += 1
    single = probe(features, labels(), np.arange(200))
    grouped = probe(features, labels(), np.arange(200) // 2 % 20 * 2 + np.arange(200) % 2)
    assert single.high - single.low < 0.2
    assert grouped.images == single.images == 200


def test_same_seed_same_numbers(rng):
    features = rng.normal(size=(100, 3))
    first = probe(features, labels(100), np.arange(100), seed=3)
    assert first == probe(features, labels(100), np.arange(100), seed=3)


def test_large_sets_are_thinned_by_whole_groups(rng, monkeypatch):
    monkeypatch.setattr(probes, "MOST_IMAGES", 100)
    found = probe(rng.normal(size=(240, 2)), labels(240), np.arange(240) // 4)
    assert found.images == 100


@pytest.mark.parametrize(
    "truth, text", [(["a"] * 40, "two labels"), (["a"] * 38 + ["b"] * 2, "groups of each")]
)
def test_impossible_probes_say_why(truth, text):
    with pytest.raises(ValueError, match=text):
        probe(np.zeros((40, 2)), np.array(truth), np.arange(40))


def test_border_sees_only_the_rim():
    grey = np.zeros((50, 50), np.float32)
    grey[10:40, 10:40] = 200
    assert not border(grey).any()
    grey[:2] = 90
    assert border(grey)[0] == 90


def test_jpeg_tables_tell_quality_and_are_zero_for_png(rng):
    pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    fine, coarse = (jpeg_tables(encode(pixels, "JPEG", quality=q)) for q in (95, 40))
    assert fine.shape == coarse.shape == (128,)
    assert coarse.mean() > fine.mean()
    assert not jpeg_tables(encode(pixels, "PNG")).any()


def test_radial_spectrum_tells_coarse_from_fine():
    rows, columns = np.mgrid[:128, :128]
    coarse, fine = (
        radial_spectrum(np.sin(2 * np.pi * f * columns).astype(np.float32)) for f in (0.05, 0.4)
    )
    assert coarse.argmax() == pytest.approx(0.05 * 2 * probes.SPECTRUM_BINS, abs=1)
    assert fine.argmax() == pytest.approx(0.4 * 2 * probes.SPECTRUM_BINS, abs=1)
    turned = radial_spectrum(np.sin(2 * np.pi * 0.4 * rows).astype(np.float32))
    # Half of the plane is kept, where one direction has twice the entries: log 2 apart at most.
    assert np.allclose(fine, turned, atol=np.log(2) + 0.1)


@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3), (300, 400), (3, 5)])
def test_features_have_one_length_whatever_the_image(rng, shape):
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    found = shortcut_features(encode(pixels, "PNG"), pixels)
    assert {k: len(v) for k, v in found.items()} == {
        "size": 3,
        "mean": 3,
        "border": 8,
        "jpeg_tables": 128,
        "radial_spectrum": probes.SPECTRUM_BINS,
    }
    assert all(np.isfinite(v).all() for v in found.values())
    assert found["mean"].mean() == pytest.approx(pixels.mean(), rel=1e-4)
