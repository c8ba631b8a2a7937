import torch

from core.latent.sefa import oriented, sefa
from core.models.base import build


class Toy:
    def __init__(self):
        torch.manual_seed(0)
        self.weights = [torch.randn(6, 5), torch.randn(9, 5), torch.randn(4, 5)]

    def style_weights(self):
        return self.weights


def test_directions_are_the_eigenvectors_of_the_stacked_weights():
    toy = Toy()
    directions, values = sefa(toy, 5)
    stacked = torch.cat(toy.weights)
    product = stacked.T @ stacked
    for direction, value in zip(directions, values):
        assert torch.allclose(product @ direction, value * direction, atol=1e-3)
    assert torch.allclose(directions @ directions.T, torch.eye(5), atol=1e-5)
    assert (values.diff() <= 0).all()


def test_layers_can_be_chosen():
    toy = Toy()
    directions, values = sefa(toy, 2, layers=[1])
    expected = torch.linalg.svd(toy.weights[1]).S[:2].square()
    assert directions.shape == (2, 5)
    assert torch.allclose(values, expected, atol=1e-3)


def test_the_sign_is_fixed():
    vectors = torch.tensor([[0.1, -0.9], [0.8, 0.2]])
    assert torch.equal(oriented(vectors), oriented(-vectors))
    assert oriented(vectors)[0, 1] > 0


def test_the_first_direction_moves_the_styles_of_a_real_model_most():
    torch.manual_seed(0)
    config = {"space": "pixel", "channels": 1, "classes": 2, "z_dim": 6, "w_dim": 6}
    model = build("stylegan2", config | {"widths": [8, 8], "encoder_widths": []}, None)
    first = sefa(model, 1)[0][0]
    stacked = torch.cat(model.style_weights())
    others = torch.nn.functional.normalize(torch.randn(50, 6), dim=1)
    assert (stacked @ first).norm() >= (stacked @ others.T).norm(dim=0).max()
