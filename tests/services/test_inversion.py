import numpy as np
import pytest

from core.errors import CancelledError, SynthLensError
from core.services.inversion import can_invert, project
from core.services.latent import Origin, code, draw
from tests.latent.small import write_small
from tests.toy import real_image, toy_registry


@pytest.fixture
def registry(tmp_path):
    found = toy_registry(tmp_path)
    write_small(tmp_path)
    return found


MODEL = "chest_xray/small-style"


def test_an_image_of_the_generator_is_found_again(registry):
    wanted = draw(registry, MODEL, code(registry, Origin(MODEL, "viral", 3)))
    shares = []
    found = project(registry, MODEL, wanted.squeeze(), "viral", 60, shares.append)
    assert found.error < 0.5 * found.start_error
    assert shares[-1] == 1.0 and len(shares) == 60
    np.testing.assert_array_equal(found.pixels, draw(registry, MODEL, found.code))
    assert found.psnr > 20 and 0 < found.ssim <= 1
    assert found.ceiling is None  # it draws in pixels
    assert found.feature_distance >= 0


def test_the_note_says_how_far_the_reconstruction_is(registry):
    found = project(registry, MODEL, real_image(0), "normal", 2)
    assert f"off by {found.error:.1%}" in found.note
    assert "not on the upload" in found.note
    assert found.target.shape == found.pixels.shape == (32, 32, 1)
    assert found.in_scope  # no scope is measured for toys


def test_it_can_be_cancelled(registry):
    def cancel(share):
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        project(registry, MODEL, real_image(0), "normal", 5, cancel)


@pytest.mark.parametrize(
    ("model", "label", "said"),
    [
        ("chest_xray/toy-gan", "normal", "no W space to project"),
        (MODEL, "glioma", "does not know the class"),
    ],
)
def test_what_cannot_be_projected_is_refused(registry, model, label, said):
    with pytest.raises(SynthLensError, match=said):
        project(registry, model, real_image(0), label, 1)
    assert can_invert(registry, MODEL)
