"""The detector's branches: residuals, spectrum, fusion, activation maps."""

import numpy as np
import pytest
import torch

from core.models.base import build
from core.models.detector import Detector, Residual, Spectrum


def test_residual_is_blind_to_flat_and_sloped_images():
    ramp = torch.linspace(-1, 1, 16)[None, None, None].expand(1, 1, 16, 16)
    found = Residual(1)(ramp)[:, :, 2:-2, 2:-2]
    assert found.shape[1] == 3 and found.abs().max() < 1e-5
    assert Residual(1)(torch.randn(1, 1, 16, 16)).abs().max() > 0.1


def test_spectrum_peaks_at_the_frequency_of_a_grating():
    size, cycles = 32, 5
    wave = np.sin(2 * np.pi * cycles * np.arange(size) / size)
    image = torch.tensor(np.tile(wave, (size, 1)), dtype=torch.float32)[None, None]
    profile = Spectrum(size)(image)
    assert profile.shape == (1, size // 2)
    assert abs(int(profile[0].argmax()) - cycles) <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "branches", [("image", "residual", "spectrum"), ("image",), ("residual", "spectrum")]
)
def test_every_set_of_branches_gives_two_logits(channels, branches):
    model = build(
        "detector", {"channels": channels, "size": 32, "width": 4, "branches": list(branches)}, None
    ).eval()
    assert model(torch.randn(2, channels, 32, 32)).shape == (2, 2)


def test_the_cam_layer_and_round_trip_of_weights():
    model, seen = Detector(1, 32, 4).eval(), []
    hook = model.cam_layer().register_forward_hook(lambda m, i, o: seen.append(o))
    x = torch.randn(2, 1, 32, 32)
    logits = model(x)
    hook.remove()
    assert seen[0].shape == (2, 24, 4, 4)
    other = Detector(1, 32, 4).eval()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x), logits)
    assert not any("kernels" in k or "window" in k for k in model.state_dict())
