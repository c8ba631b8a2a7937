"""Simple organ masks on drawn anatomy."""

import numpy as np
import pytest
from skimage.draw import disk, ellipse

from core.explain.organ import mask_of, pointing, share_inside


def chest():
    image = np.full((128, 128, 1), 190, np.uint8)
    lungs = np.zeros((128, 128), bool)
    for column in (38, 90):
        lungs[ellipse(60, column, 38, 18)] = True
    image[lungs] = 50
    return image, lungs


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def test_lungs():
    image, lungs = chest()
    assert overlap(mask_of("lung", image), lungs) > 0.8


def test_lungs_fall_back_to_their_usual_place():
    mask = mask_of("lung", np.full((128, 128, 1), 128, np.uint8))
    assert 0.25 < mask.mean() < 0.5
    assert mask[64, 38] and mask[64, 90] and not mask[64, 64]


def test_head():
    image = np.zeros((128, 128, 1), np.uint8)
    head = np.zeros((128, 128), bool)
    head[disk((64, 64), 50)] = True
    image[head] = 120
    image[disk((64, 64), 12)] = 5  # a dark ventricle belongs to the head
    image[2:6, 2:20] = 200  # a burnt-in mark does not
    assert overlap(mask_of("head", image), head) > 0.9


def test_tissue():
    image = np.full((128, 128, 3), 240, np.uint8)
    image[:, 40:] = (170, 80, 150)
    tissue = np.zeros((128, 128), bool)
    tissue[:, 40:] = True
    assert overlap(mask_of("tissue", image), tissue) > 0.9
    assert mask_of("tissue", image[..., :1]) is None


def test_unknown_organ_has_no_mask():
    assert mask_of("knee", chest()[0]) is None


def test_share_and_pointing():
    values, mask = np.zeros((32, 32)), np.zeros((32, 32), bool)
    mask[8:16, 8:16] = True
    values[10, 10], values[30, 30] = 3, -1
    assert share_inside(values, mask) == pytest.approx(0.75)
    assert share_inside(np.zeros((32, 32)), mask) == 0
    assert pointing(values, mask)
    assert not pointing(-values, mask)
