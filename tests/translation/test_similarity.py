import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from core.translation.similarity import inside, ssim_map


def test_map_agrees_with_scikit_image():
    draw = np.random.default_rng(0)
    x = draw.random((48, 48)).astype(np.float32)
    y = np.clip(x + 0.2 * draw.standard_normal((48, 48)), 0, 1).astype(np.float32)
    _, expected = structural_similarity(
        x, y, data_range=1.0, gaussian_weights=True, use_sample_covariance=False, full=True
    )
    found = ssim_map(torch.tensor(x)[None, None], torch.tensor(y)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(found[8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-4)


def test_the_same_image_is_like_itself():
    x = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(ssim_map(x, x), torch.ones(2, 1, 32, 32))


def test_mean_inside_ignores_the_outside():
    values, mask = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    values[..., :2] = 3.0
    mask[..., :2] = 1.0
    assert float(inside(values, mask)) == pytest.approx(3.0)
    assert float(inside(values, 1 - mask)) == pytest.approx(0.0)
