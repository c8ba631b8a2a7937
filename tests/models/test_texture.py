"""Synthetic texture: where it adds, and that it depends on its seed alone."""

import torch

from core.models.autoencoder import Autoencoder
from core.models.texture import Texture, blur, detail, octaves


def textured(seed=0):
    torch.manual_seed(seed)
    model = Texture(16, 1)
    torch.nn.init.normal_(model.last.weight, std=0.2)
    return model.eval()


def test_it_depends_on_its_seed_alone():
    model, y = textured(), torch.zeros(2, 3, 32, 32)
    with torch.no_grad():
        both = model(y, [5, 6])
        assert torch.allclose(both[:1], model(y[:1], [5]), atol=1e-6)
        assert not torch.allclose(both[0], both[1])
        assert torch.equal(model(y), model(y))


def test_it_leaves_what_is_coarse_as_decoded():
    model, y = textured(), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        added = model(y, [1]) - y
    assert float(added.square().mean()) > 1e-3
    # means over blocks far wider than the detail hardly move
    means = torch.nn.functional.avg_pool2d(added, 32)
    assert float(means.abs().max()) < 0.1 * float(added.std())


def test_octaves_and_what_is_left_add_up_to_the_image():
    x = torch.randn(1, 2, 32, 32)
    parts, left = octaves(x)
    assert torch.allclose(sum(parts) + left, x, atol=1e-5)
    assert torch.allclose(detail(x), x - left, atol=1e-5)
    flat = torch.full((1, 1, 16, 16), 0.3)
    assert torch.allclose(blur(flat), flat) and float(detail(flat).abs().max()) < 1e-6


def test_a_fresh_one_adds_next_to_nothing():
    torch.manual_seed(0)
    y = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert float((Texture()(y) - y).abs().max()) < 0.1


def test_a_grey_decode_stays_grey_and_an_autoencoder_without_texture_has_none():
    plain = Autoencoder(4, 4, (16, 16), 1)
    model = Autoencoder(4, 4, (16, 16), 1, texture={"width": 16, "blocks": 1})
    torch.nn.init.normal_(model.texture.last.weight, std=0.2)
    z = torch.randn(2, 4, 4, 4)
    with torch.no_grad():
        assert plain.texture is None
        assert torch.equal(plain.decode(z, 1, [1, 2]), plain.decode(z, 1))
        assert model.decode(z, 1, [1, 2]).shape == (2, 1, 32, 32)
        wide = model.texture(torch.zeros(1, 3, 32, 32), [1], grey=True)
        assert torch.equal(wide[:, 0], wide[:, 2])
        assert not torch.equal(model.decode(z, 3, [1, 2]), model.decode(z, 3, [3, 4]))
