import numpy as np
import pytest

from core.errors import CheckpointError
from core.evaluate.image_checks import check
from core.evaluate.quality_gate import draw_gated, faults
from core.evaluate.reference import contrast, fit_reference, percentile, reference, sharpness
from tests.test_scope import SIZE, data, discs, domain, registry  # noqa: F401


@pytest.fixture
def fitted(registry, data):  # noqa: F811
    fit_reference(registry, data)
    return registry


def test_a_planted_copy_is_named_and_a_fresh_image_is_not(fitted, data):  # noqa: F811
    train = data.images[data.indices("train")]
    noisy = train[31].copy()
    noisy[::7, ::7] += 3
    found = check(fitted, "discs", np.stack([noisy, *discs(20, 77)]))
    assert found[0].copy_suspect and found[0].neighbour == 31
    assert found[0].copy_percentile < 2
    assert np.mean([f.copy_suspect for f in found[1:]]) < 0.2
    assert 10 < np.median([f.copy_percentile for f in found[1:]]) < 90


def test_blur_and_low_contrast_leave_the_real_range(fitted):
    image = discs(1, 5)[0]
    soft = sum(np.roll(image.astype(float), s, a) for s in (-1, 0, 1) for a in (0, 1)) / 6
    flat = 90 + (image.astype(float) - 90) * 0.1
    plain, blurred, pale = check(
        fitted, "discs", np.stack([image, soft.astype(np.uint8), flat.astype(np.uint8)])
    )
    assert plain.usual_sharpness and plain.usual_contrast
    assert not blurred.usual_sharpness and blurred.sharpness_percentile < 2.5
    assert not pale.usual_contrast


def test_realism_tells_members_from_strangers(fitted):
    stranger = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 1), dtype=np.uint8)
    found = check(fitted, "discs", np.concatenate([discs(10, 8), stranger]))
    assert np.median([f.realism for f in found[:-1]]) > 2 * found[-1].realism
    assert "unlike real images" in faults(found[-1])


def test_reference_holds_no_image_and_is_hashed(fitted):
    card = fitted.card("shared/encoder")
    assert "reference-discs.safetensors" in card.files
    assert reference(fitted, "discs").features.shape == (160, 64)
    assert fitted.status("shared/encoder").verified


def test_missing_reference_says_what_to_run(registry, domain):  # noqa: F811
    with pytest.raises(CheckpointError, match="evaluate encoder --domain discs"):
        check(registry, "discs", discs(1, 0))


def test_sharpness_contrast_and_percentile_have_known_values():
    board = (np.indices((32, 32)).sum(0) % 2 * 255).astype(np.uint8)[None, ..., None]
    assert sharpness(board)[0] == pytest.approx(np.log10(16), abs=1e-6)
    assert contrast(board)[0] == pytest.approx(1)
    assert contrast(np.full_like(board, 7))[0] == 0
    assert percentile(0.25, np.linspace(0, 1, 201)) == pytest.approx(25)


def test_gate_draws_again_what_does_not_pass_and_counts_it(fitted):
    rng = np.random.default_rng(0)
    asked = []

    def draw(rows, seeds):
        asked.append(list(rows))
        good = discs(len(rows), seeds[0])
        if len(asked) == 1:
            good[1] = rng.integers(0, 256, good[1].shape, dtype=np.uint8)
        return good

    found = draw_gated(fitted, "discs", draw, [10, 11, 12], attempts=6)
    assert 1 in asked[1]
    assert found.passed[1] and found.seeds[1] != 11
    assert found.rejected >= 1 and found.reasons["unlike real images"] >= 1
    assert found.pixels.shape == (3, SIZE, SIZE, 1)


def test_gate_gives_up_honestly(fitted):
    noise = np.random.default_rng(0).integers(0, 256, (1, SIZE, SIZE, 1), dtype=np.uint8)
    found = draw_gated(fitted, "discs", lambda rows, seeds: noise, [5], attempts=3)
    assert found.passed == [False]
    assert found.rejected == 2
