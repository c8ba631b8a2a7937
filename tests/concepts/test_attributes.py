"""Every attribute rises with what it is named after, on drawn images."""

import numpy as np
import pytest
from scipy import ndimage

from core import domains
from core.concepts.attributes import attributes, values
from core.concepts.view import View
from core.errors import SynthLensError

SIDE = 128
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)


def disc(row, column, radius, shape=1.0):
    return ((ROWS - row) / shape) ** 2 + (COLUMNS - column) ** 2 <= radius**2


def chest(opacity=None, gap=0.0, left=0.0):
    """Two dark lungs on grey; `gap` moves them apart, `opacity` brightens one spot."""
    grey = np.full((SIDE, SIDE), 0.6)
    for column in (0.29 - gap, 0.71 + gap):
        grey[((ROWS - 0.46) / 0.33) ** 2 + ((COLUMNS - column) / 0.15) ** 2 <= 1] = 0.15
    if opacity:
        grey[disc(*opacity, 0.09)] = 0.45
    grey[:, SIDE // 2 :] += left
    return np.random.default_rng(0).normal(grey, 0.01)


def head(rim=0.0, mass=0.0, fluid=0.0, shift=0.0, scalp=0.5, shape=1.1):
    grey = np.zeros((SIDE, SIDE))
    grey[disc(0.5, 0.5, 0.38, shape)] = scalp
    grey[disc(0.5, 0.5, 0.34, shape)] = 0.5
    spot = (0.5, 0.5 + shift)
    if rim:
        grey[disc(*spot, 0.075)] = 0.5 + rim
        grey[disc(*spot, 0.055)] = 0.4
    if mass:
        grey[disc(*spot, 0.08)] = 0.5 + mass
    if fluid:
        grey[disc(*spot, fluid)] = 0.1
    return np.random.default_rng(0).normal(grey, 0.01)


def tile(nuclei=9, radius=0.03, lumen=0.0, blue=0.45, pink=0.8, stripes=False):
    """Pink tissue with round blue nuclei and a white lumen."""
    image = np.empty((SIDE, SIDE, 3))
    image[:] = (0.9, pink * 0.75, pink)
    for i in range(nuclei):
        row, column = 0.1 + 0.8 * (i // 6) / 5, 0.1 + 0.8 * (i % 6) / 5
        image[disc(row, column, radius)] = (blue * 0.7, blue * 0.5, blue * 1.2)
    if lumen:
        image[disc(0.5, 0.5, lumen)] = 0.97
    if stripes:
        image *= 1 - 0.3 * (np.sin(60 * ROWS) > 0)[..., None]
    return np.random.default_rng(0).normal(image, 0.005)


def measured(domain, image, name):
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8).reshape(SIDE, SIDE, -1)
    return values(domains.get(domain), pixels[None])[name][0]


CHEST, BRAIN, POLYPS = "chest_xray", "brain_mri", "colorectal_polyps"


@pytest.mark.parametrize(
    ("domain", "name", "little", "much"),
    [
        (CHEST, "opacity-right-lower", chest(), chest((0.62, 0.28))),
        (CHEST, "opacity-right-upper", chest(), chest((0.30, 0.28))),
        (CHEST, "opacity-left-lower", chest(), chest((0.62, 0.72))),
        (CHEST, "opacity-left-upper", chest(), chest((0.30, 0.72))),
        (CHEST, "heart-width", chest(), chest(gap=0.05)),
        (CHEST, "symmetry", chest(left=0.3), chest()),
        (CHEST, "lung-texture", chest(), chest((0.4, 0.28))),
        (BRAIN, "bright-rim", head(), head(rim=0.4)),
        (BRAIN, "bright-mass", head(), head(mass=0.4)),
        (BRAIN, "dark-fluid", head(), head(fluid=0.12)),
        (BRAIN, "symmetry", head(mass=0.4, shift=0.15), head(mass=0.4)),
        (BRAIN, "scalp", head(scalp=0.5), head(scalp=0.9)),
        (BRAIN, "elongation", head(shape=1.0), head(shape=1.2)),
        (POLYPS, "nuclear-density", tile(9), tile(30)),
        (POLYPS, "nuclear-size", tile(radius=0.03), tile(radius=0.05)),
        (POLYPS, "haematoxylin", tile(blue=0.7), tile(blue=0.3)),
        (POLYPS, "eosin", tile(pink=0.95), tile(pink=0.6)),
        (POLYPS, "gland-openness", tile(), tile(lumen=0.2)),
        (POLYPS, "alignment", tile(), tile(stripes=True)),
        (CHEST, "sharpness", ndimage.gaussian_filter(chest(), 2), chest()),
        (CHEST, "brightness", 0.5 * chest(), chest()),
        (BRAIN, "contrast", 0.5 * head(), head()),
        (CHEST, "frame", chest(), np.pad(chest()[9:-9, 9:-9], 9)),
    ],
)
def test_rises_with_what_it_is_named_after(domain, name, little, much):
    assert measured(domain, much, name) > measured(domain, little, name) * 1.02 + 1e-6


@pytest.mark.parametrize("other", ["right-upper", "left-lower", "left-upper"])
def test_an_opacity_is_measured_in_its_own_zone(other):
    spot, plain = chest((0.62, 0.28)), chest()
    own = measured(CHEST, spot, "opacity-right-lower") - measured(
        CHEST, plain, "opacity-right-lower"
    )
    away = measured(CHEST, spot, f"opacity-{other}") - measured(CHEST, plain, f"opacity-{other}")
    assert own > 4 * abs(away)


def test_exposure_leaves_opacities_alone():
    plain = chest((0.62, 0.28))
    brighter = 0.7 * plain + 0.2
    one, other = (measured(CHEST, x, "opacity-right-lower") for x in (plain, brighter))
    assert one == pytest.approx(other, abs=0.02)


@pytest.mark.parametrize("domain", [d.id for d in domains.all_domains()])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_images_give_finite_numbers(domain, level):
    own = domains.get(domain)
    flat = np.full((1, 64, 64, own.channels), level, np.uint8)
    found = values(own, flat)
    assert set(found) == {a.id for a in attributes(own)}
    assert all(np.isfinite(v).all() for v in found.values())


@pytest.mark.parametrize("domain", [d.id for d in domains.all_domains()])
def test_every_attribute_says_how_it_is_measured(domain):
    known = attributes(domains.get(domain))
    assert len({a.id for a in known}) == len(known) >= 9
    assert all(len(a.how) > 30 and a.how.endswith((".", ":")) for a in known)


def test_a_view_has_a_mask_even_where_nothing_is_found():
    assert View(np.zeros((32, 32, 1), np.uint8), "no such organ").mask.all()


def test_nothing_to_measure_is_said():
    with pytest.raises(SynthLensError, match="no image"):
        values(domains.get(CHEST), np.zeros((0, 8, 8, 1), np.uint8))
