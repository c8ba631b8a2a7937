"""Grain: fine texture of the right strength, and nothing else."""

import pytest
import torch

from core.models.autoencoder import Autoencoder
from core.models.grain import AMOUNT, Grain, band_powers, blur, split_bands


def fitted(power: float, bands: int = 3, fall: float = 1.0) -> Grain:
    """A grain model that asks for the same power everywhere, times `fall` from band to band."""
    model = Grain(bands)
    last = model.network[-1]
    torch.nn.init.zeros_(last.weight)
    powers = torch.tensor([power * fall**k for k in range(bands)]).repeat(3)
    last.bias.data.copy_(powers.log())
    return model


@pytest.mark.parametrize("image", [torch.zeros(2, 3, 64, 64), torch.rand(2, 3, 64, 64)])
def test_the_predicted_power_is_added_in_every_band_whatever_the_image(image):
    model = fitted(0.04, fall=0.25)
    added = (model(image, [1, 2]) - image).detach() / AMOUNT
    found = model.power(added, grey=False).mean((0, 3, 4))
    wanted = torch.tensor([0.04, 0.01, 0.0025])
    assert torch.allclose(found.log(), wanted.log().expand_as(found), atol=0.6)


def test_grey_images_get_their_luminance_power_and_stay_grey():
    model, image = fitted(0.04, fall=0.25), torch.zeros(2, 3, 64, 64)
    added = model(image, [1, 2], grey=True).detach() / AMOUNT
    assert torch.allclose(added[:, 0], added[:, 2])
    found = model.power(added, grey=True).mean((0, 3, 4))
    assert torch.isclose(found[0, 0].log(), torch.tensor(0.04).log(), atol=0.3)
    assert float(found[1:].max()) < 1e-9


def test_the_axes_are_those_that_residuals_are_uncorrelated_in():
    mixing = torch.tensor([[1.0, 0.5, 0.2], [0.0, 0.4, 0.1], [0.0, 0.0, 0.1]])
    x = torch.einsum("ij,nihw->njhw", mixing, torch.randn(4, 3, 32, 32))
    model = Grain(2)
    model.fit_axes(x)
    parts = model.to_axes(x, grey=False).transpose(0, 1).flatten(1)
    powers = torch.cov(parts)
    assert (powers.diag()[:-1] > powers.diag()[1:]).all()
    assert float((powers - powers.diag().diag()).abs().max()) < 0.02
    assert torch.allclose(model.to_colours(model.to_axes(x, False), False), x, atol=1e-5)


def test_grain_depends_on_its_seed_alone():
    model, y = fitted(0.04), torch.zeros(2, 3, 32, 32)
    both = model(y, [5, 6])
    assert torch.equal(both[:1], model(y[:1], [5]))
    assert not torch.equal(both[0], both[1])
    assert torch.equal(model(y), model(y))


def test_the_loss_is_least_at_the_true_power():
    residual = 0.2 * torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    power = fitted(1.0).power(residual, grey=False)
    true, y = float(power.mean()), torch.zeros_like(residual)
    with torch.no_grad():
        losses = {p: float(fitted(p).loss(power, y)) for p in (true / 4, true, true * 4)}
    assert min(losses, key=losses.__getitem__) == true


def test_bands_and_what_is_left_add_up_to_the_image():
    x = torch.randn(1, 2, 32, 32)
    smooth = x
    for k in range(3):
        smooth = blur(smooth, 2**k)
    assert torch.allclose(split_bands(x, 3).sum(2) + smooth, x, atol=1e-5)


def test_the_strengths_of_overlapping_bands_can_be_told_apart():
    powers = band_powers(3)
    assert (powers > 0).all()
    assert torch.linalg.cond(powers / powers.diag()) < 20


def test_a_grey_decode_stays_grey_and_an_autoencoder_without_grain_has_none():
    plain = Autoencoder(4, 4, (16, 16), 1)
    grained = Autoencoder(4, 4, (16, 16), 1, grain=2)
    z = torch.randn(2, 4, 4, 4)
    assert plain.grain is None and torch.equal(plain.decode(z, 1, [1, 2]), plain.decode(z, 1))
    assert grained.decode(z, 1, [1, 2]).shape == (2, 1, 32, 32)
    assert not torch.equal(grained.decode(z, 3, [1, 2]), grained.decode(z, 3, [3, 4]))


def test_each_band_of_each_kind_has_its_own_amount():
    model, y = fitted(0.04), torch.zeros(1, 3, 64, 64)
    model.amounts = {"grey": (0.0, 0.0, 0.0), "colour": (0.6, 0.0, 0.0)}
    assert torch.equal(model(y, [1], grey=True), y)
    fine = model(y, [1], grey=False)
    power = split_bands(fine, 3).square().mean((0, 1, 3, 4))
    assert power[0] > 4 * power[1] > 0


def test_amounts_left_out_are_the_usual_ones():
    model = Grain(2, amounts={"grey": [0.4, 1]})
    assert model.amounts == {"grey": (0.4, 1.0), "colour": (AMOUNT, AMOUNT)}
