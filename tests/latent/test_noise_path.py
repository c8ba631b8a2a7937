"""Paths through noise, on a flow whose solution is known."""

import pytest
import torch

from core.errors import CancelledError
from core.latent.noise_path import blended, flat_slerp, through_noise
from core.models.ode import heun, schedule


class LinearFlow:
    """dz/dt = a z + level of the class: invertible, and images are latents."""

    rate = 0.5

    def guided(self, labels, guidance):
        level = labels.float()[:, None, None, None]
        return lambda z, t: self.rate * z + level

    def to_image(self, z):
        return z


def noise(seed):
    return torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("classes", [(0, 0), (0, 3)])
def test_the_ends_are_the_images_of_the_end_noises(classes):
    model, a, b = LinearFlow(), noise(1), noise(2)
    film = through_noise(model, (a, b), classes, frames=5)
    assert film.shape == (5, 2, 4, 4)
    for end, z, label in ((film[0], a, classes[0]), (film[-1], b, classes[1])):
        alone = through_noise(model, (z, z), (label, label), frames=2)[0]
        assert torch.equal(end, alone)


def test_inverting_and_sampling_give_the_image_back():
    model, image = LinearFlow(), noise(3)
    way = model.guided(torch.tensor([1]), 1.0)
    z = heun(way, image, schedule(20)[::-1])
    back = through_noise(model, (z, z), (1, 1), frames=2, steps=20)[0]
    assert torch.allclose(back, image[0], atol=2e-2)
    assert not torch.allclose(z, image, atol=0.5)


def test_the_middle_keeps_the_length_of_noise():
    a, b = noise(4), noise(5)
    middle = flat_slerp(a, b, 0.5)
    assert float(middle.norm()) == pytest.approx(float((a.norm() + b.norm()) / 2), rel=1e-4)
    assert float(((a + b) / 2).norm()) < 0.85 * float(middle.norm())


def test_classes_are_blended_evenly():
    first, second = torch.zeros(3).long(), torch.full((3,), 4)
    found = blended(LinearFlow(), first, second, 1.0)(torch.zeros(3, 1, 1, 1), 0.5)
    assert found.flatten().tolist() == [0.0, 2.0, 4.0]


def test_it_can_be_cancelled():
    def cancel(share, preview):
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        through_noise(LinearFlow(), (noise(1), noise(2)), (0, 1), 3, progress=cancel)
