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


def test_stains_are_told_apart():
    tile = np.zeros((2, 8, 8, 3), np.uint8)
    tile[0] = (70, 60, 140)  # nuclei: blue-violet
    tile[1] = (230, 120, 170)  # stroma: pink
    rows = [dict(zip(names(3), row)) for row in measure(tile)]
    assert rows[0]["haematoxylin"] > rows[1]["haematoxylin"]
    assert rows[1]["eosin"] > 0


def test_an_organ_has_an_area_and_an_opacity():
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 32) ** 2 + (columns - 32) ** 2 <= 20**2
    small = (rows - 32) ** 2 + (columns - 32) ** 2 <= 12**2
    pixels = np.stack([np.where(m, 200, 4).astype(np.uint8) for m in (disc, small)])[..., None]
    found = [dict(zip(names(1, "head"), row)) for row in measure(pixels, "head")]
    assert found[0]["head area"] == pytest.approx(disc.mean(), rel=0.15)
    assert found[0]["head area"] > 2 * found[1]["head area"]
    assert found[0]["head opacity"] > 0.6
    assert len(names(1, "head")) == measure(pixels, "head").shape[1]


@pytest.mark.parametrize(("organ", "channels"), [("", 1), ("tissue", 1), ("liver", 3)])
def test_what_has_no_segmentation_adds_no_attribute(organ, channels):
    assert names(channels, organ) == names(channels)
    pixels = np.zeros((1, 16, 16, channels), np.uint8)
    assert measure(pixels, organ).shape == (1, len(names(channels)))
