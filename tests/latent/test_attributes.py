import numpy as np
import pytest

from core.latent.attributes import measure, names


def test_attributes_of_known_images():
    flat = np.full((16, 16, 1), 102, np.uint8)
    half = np.zeros((16, 16, 1), np.uint8)
    half[:, :8] = 255
    spot = np.zeros((16, 16, 1), np.uint8)
    spot[4:12, 4:12] = 255
    rows = [dict(zip(names(1), row)) for row in measure(np.stack([flat, half, spot]))]
    assert rows[0]["brightness"] == pytest.approx(0.4)
    assert rows[0]["contrast"] == pytest.approx(0.0)
    assert rows[1]["symmetry"] == pytest.approx(-1.0)
    assert rows[2]["symmetry"] == pytest.approx(1.0)
    assert rows[2]["centre"] == pytest.approx(1.0)
    assert rows[1]["texture"] > rows[0]["texture"] == pytest.approx(0.0)


def test_colour_images_have_a_stain():
    pink = np.zeros((1, 8, 8, 3), np.uint8)
    pink[..., 0], pink[..., 2] = 255, 51
    found = dict(zip(names(3), measure(pink)[0]))
    assert found["redness"] == pytest.approx(1.0)
    assert found["blueness"] == pytest.approx(0.2)
