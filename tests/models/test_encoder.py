import numpy as np
import pytest
import torch

from core.models.base import build
from core.models.encoder import Encoder, encode
from core.training.encoder import knn_accuracy, learning_rate, nt_xent, projector
from core.training.views import affine, view


def small() -> Encoder:
    torch.manual_seed(0)
    return Encoder((4, 8, 16), size=32).eval()


def test_features_of_grey_and_replicated_images_agree():
    grey = torch.rand(3, 1, 40, 40) * 2 - 1
    encoder = small()
    assert encoder.features(grey).shape == (3, 16)
    torch.testing.assert_close(
        encoder.features(grey), encoder.features(grey.expand(-1, 3, -1, -1)), atol=1e-5, rtol=1e-4
    )


def test_encode_does_not_depend_on_the_batch():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 1), dtype=np.uint8)
    encoder = small()
    np.testing.assert_allclose(encode(encoder, pixels, 3), encode(encoder, pixels, 7), atol=1e-5)
    assert encode(encoder, pixels[:0]).shape == (0, 16)


def test_shipped_configuration_is_small():
    encoder = build("encoder", {"widths": [48, 96, 192], "size": 96}, lambda _: None)
    assert sum(p.numel() for p in encoder.parameters()) < 3_000_000
    assert encoder.features(torch.zeros(1, 1, 128, 128)).shape == (1, 192)


def test_nt_xent_matches_the_paper_on_two_images():
    a = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    # Each view: similarity 1 with its partner, 0 with the two others.
    expected = -np.log(np.exp(1 / 0.5) / (np.exp(1 / 0.5) + 2))
    assert nt_xent(a, a.clone(), 0.5).item() == pytest.approx(expected, rel=1e-5)
    assert nt_xent(a, a.flip(0), 0.5) > nt_xent(a, a, 0.5)


def test_views_keep_range_greyness_and_differ():
    torch.manual_seed(0)
    images = (torch.rand(6, 1, 24, 24) * 2 - 1).expand(-1, 3, -1, -1)
    mirror, turn = torch.zeros(6, dtype=torch.bool), torch.full((6,), 12.0)
    a, b = (view(images, mirror, turn, 16) for _ in "ab")
    assert a.shape == (6, 3, 16, 16)
    assert a.min() >= -1 and a.max() <= 1
    assert torch.equal(a[:, 0], a[:, 2])
    assert not torch.allclose(a, b)


def test_only_mirrored_domains_are_flipped():
    torch.manual_seed(0)
    still, turn = torch.zeros(200, dtype=torch.bool), torch.zeros(200)
    assert (affine(200, still, turn, 0.5)[:, 0, 0] > 0).all()
    flipped = affine(200, ~still, turn, 0.5)[:, 0, 0] < 0
    assert 60 < int(flipped.sum()) < 140


def test_crops_stay_inside_the_image():
    torch.manual_seed(0)
    theta = affine(100, torch.zeros(100, dtype=torch.bool), torch.zeros(100), 0.5)
    reach = theta[:, 0, 0].abs() / 1.17 + theta[:, 0, 2].abs()
    assert reach.max() <= 1.0001


def test_learning_rate_warms_up_and_ends_at_zero():
    rates = [learning_rate(1.0, share) for share in (0, 0.02, 0.5, 1.2)]
    assert rates[0] < 0.05 and rates[1] > 0.9
    assert rates[2] == pytest.approx(0.5, abs=0.01) and rates[3] == pytest.approx(0, abs=1e-6)


def test_a_few_steps_bring_views_of_one_image_together():
    torch.manual_seed(0)
    encoder = Encoder((4, 8, 16), size=32)
    head = projector(16, 32, 16)
    both = torch.nn.ModuleList([encoder, head])
    optimiser = torch.optim.AdamW(both.parameters(), lr=3e-3)
    images = torch.rand(16, 3, 4, 4) * 2 - 1
    images = torch.nn.functional.interpolate(images, (40, 40), mode="bicubic").clamp(-1, 1)
    mirror, turn = torch.zeros(16, dtype=torch.bool), torch.zeros(16)
    losses = []
    for _ in range(25):
        a, b = (view(images, mirror, turn, 32, 0.8) for _ in "ab")
        loss = nt_xent(*head(encoder(torch.cat([a, b]))).chunk(2), 0.2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:3])


class _Toy:
    """Two classes that differ in brightness."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.class_index = np.arange(40) % 2
        base = (60 + 120 * self.class_index)[:, None, None, None]
        self.images = (base + rng.integers(0, 9, (40, 32, 32, 1))).astype(np.uint8)
        self.rows = {"train": np.arange(30), "val": np.arange(30, 40)}

    def indices(self, split):
        return self.rows[split]


def test_knn_accuracy_finds_separated_classes():
    assert knn_accuracy(small(), _Toy()) == 1.0
