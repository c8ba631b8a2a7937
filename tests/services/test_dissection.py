import numpy as np
import pytest

from core.errors import CheckpointError, SynthLensError
from core.evaluate.dissection import dissect
from core.services import dissection
from core.services.latent import Origin, code, draw
from tests.latent.small import write_small
from tests.toy import toy_registry

MODEL = "chest_xray/small-style"
LAYER = "8 px, layer 1"


@pytest.fixture
def registry(tmp_path):
    found = toy_registry(tmp_path)
    write_small(tmp_path)
    return found


def test_layers_and_their_units(registry):
    found = dissection.layers_of(registry, MODEL)
    assert len(found) == 7 and set(found.values()) == {8}
    assert dissection.has_units(registry, registry.card(MODEL))
    assert not dissection.has_units(registry, registry.card("chest_xray/toy-gan"))


def test_maps_and_ablation_of_one_image(registry):
    styles = code(registry, Origin(MODEL, "normal", 1))
    maps = dissection.unit_maps(registry, MODEL, styles, LAYER, [0, 5])
    assert maps.shape == (2, 32, 32) and maps.std() > 0
    start = draw(registry, MODEL, styles)
    same = dissection.without(registry, MODEL, styles, LAYER, [0, 5], 1.0)
    np.testing.assert_array_equal(same, start)
    off = dissection.without(registry, MODEL, styles, LAYER, list(range(8)))
    assert (off != start).any()
    np.testing.assert_array_equal(draw(registry, MODEL, styles), start)  # no hook is left


@pytest.mark.parametrize(("layer", "units"), [("9 px", [0]), (LAYER, []), (LAYER, [8])])
def test_unknown_layers_and_units_are_refused(registry, layer, units):
    styles = code(registry, Origin(MODEL, "normal", 1))
    with pytest.raises(SynthLensError, match="layer"):
        dissection.without(registry, MODEL, styles, layer, units)


def test_the_shipped_table(registry):
    assert dissection.table(registry, MODEL) == {}
    dissect(registry, MODEL, n=8, top=1)
    found = dissection.table(registry, MODEL)
    assert list(found["layers"]) == list(dissection.layers_of(registry, MODEL))
    (registry.folder(MODEL) / "dissection.json").write_text("{")
    with pytest.raises(CheckpointError, match="make it again"):
        dissection.table(registry, MODEL)
