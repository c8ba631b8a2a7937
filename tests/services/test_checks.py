"""Generated images beside real ones, and the quality gate."""

import numpy as np
import pytest

from core.errors import CheckpointError, SynthLensError
from core.evaluate import quality_gate
from core.evaluate.image_checks import ImageCheck
from core.services import checks
from core.services.checks import check, generate_gated
from core.services.generation import generate
from tests.toy import toy_registry


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path, ("brain_mri",))


def verdict(good):
    """A check that passes the gate, or fails it as a copy."""
    return ImageCheck(0.3, 50.0, not good, 0, 1.2, -2.0, 50.0, 0.6, 50.0)


def test_without_a_reference_nothing_is_claimed(registry):
    images = generate(registry, "brain_mri", "toy-gan", "glioma", 1, 0)
    assert check(registry, images) is None and check(registry, []) == []
    with pytest.raises(CheckpointError, match="No reference"):
        generate_gated(registry, "brain_mri", "toy-gan", "glioma", 1, 0)


def test_images_are_measured_at_the_domain_size(registry, monkeypatch):
    seen = []
    monkeypatch.setattr(checks, "check_pixels", lambda r, d, pixels: seen.append(pixels.shape))
    check(registry, generate(registry, "brain_mri", "toy-gan", "glioma", 2, 0))
    assert seen == [(2, 128, 128, 1)]


def test_the_gate_draws_again_and_counts(registry, monkeypatch):
    rounds = []

    def judge(registry, domain, pixels):
        rounds.append(len(pixels))
        return [verdict(len(rounds) > 1 or i == 0) for i in range(len(pixels))]

    monkeypatch.setattr(quality_gate, "check", judge)
    found = generate_gated(registry, "brain_mri", "toy-gan", "glioma", 3, 5)
    assert rounds == [3, 2] and found.rejected == 2
    assert found.images[0].seed == 5 and found.images[1].seed > 1000
    assert found.reasons == {"too near a training image": 2}
    again = generate(registry, "brain_mri", "toy-gan", "glioma", 1, found.images[1].seed)[0]
    assert np.array_equal(again.pixels, found.images[1].pixels)  # its own seed draws it again


def test_where_nothing_passes_the_last_attempt_says_so(registry, monkeypatch):
    monkeypatch.setattr(quality_gate, "check", lambda r, d, pixels: [verdict(False)] * len(pixels))
    found = generate_gated(registry, "brain_mri", "toy-gan", "glioma", 1, 0)
    assert len(found.images) == 1 and "No attempt passed" in found.images[0].note
    with pytest.raises(SynthLensError):
        generate_gated(registry, "brain_mri", "toy-gan", "glioma", 0, 0)
