import pytest
import torch

from core.errors import CancelledError
from core.latent.inversion import invert
from core.models.base import build

from .linear import LinearStyle


def test_optimisation_reproduces_an_image_of_the_generator():
    model = LinearStyle()
    wanted = model.synthesise(torch.tensor([[[0.8, 0, 0, 0], [-0.6, 0, 0, 0]]]))
    seen = []
    found = invert(model, wanted, 0, steps=80, stay=0.0, progress=lambda s, _: seen.append(s))
    assert found.error < 0.1 * found.start_error
    assert found.w.shape == (1, 2, 4)
    assert seen[-1] == 1.0 and len(seen) == 80
    assert "differs from the upload by" in found.note


def test_no_steps_give_the_start():
    model = LinearStyle()
    found = invert(model, torch.zeros(1, 1, 8, 8), 1, steps=0)
    assert torch.equal(found.w[0, 0], model.w_mean[1])
    assert found.error == found.start_error


def test_the_encoder_is_the_start_where_there_is_one():
    torch.manual_seed(0)
    config = {"space": "pixel", "channels": 1, "classes": 2, "z_dim": 4, "w_dim": 4}
    model = build("stylegan2", config | {"widths": [6, 6]}, None).eval().requires_grad_(False)
    image = torch.randn(1, 1, 8, 8)
    found = invert(model, image, 1, steps=0)
    assert torch.allclose(found.w, model.embed(image, torch.tensor([1])))
    better = invert(model, image, 1, steps=5, stay=0.0)
    loss = [(model.latents(w) - image).square().mean() for w in (found.w, better.w)]
    assert loss[1] < loss[0]


def test_inversion_can_be_cancelled():
    def cancel(share, preview):
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        invert(LinearStyle(), torch.zeros(1, 1, 8, 8), 0, steps=3, progress=cancel)
