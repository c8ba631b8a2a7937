import pytest
import torch

from core.latent.pca import Codes, components, sample_codes

from .linear import LinearStyle


def test_codes_cover_the_classes_and_follow_their_seeds():
    model = LinearStyle()
    codes = sample_codes(model, 4, classes=2, per_class=3, seed=5)
    assert codes.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert codes.seeds == [5, 6, 7, 8, 9, 10]
    again = torch.randn(4, generator=torch.Generator().manual_seed(9)) + model.shift[1]
    assert torch.allclose(codes.w[4], again)


def test_components_find_the_widest_axis_within_classes():
    torch.manual_seed(0)
    w = torch.randn(400, 3) * torch.tensor([0.1, 2.0, 0.5])
    labels = torch.arange(400) % 2
    w[labels == 1, 0] += 100  # between classes: not what these components tell
    found = components(Codes([], labels, w), 2)
    assert torch.allclose(found.directions[0], torch.tensor([0.0, 1.0, 0.0]), atol=0.05)
    assert float(found.deviations[0]) == pytest.approx(2.0, rel=0.1)
    assert 0.9 < float(found.explained.sum()) <= 1.0
    assert found.explained[0] > found.explained[1]
