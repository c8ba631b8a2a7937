"""Latent edits for pages, on the toy style generator."""

import json

import numpy as np
import pytest
import torch

from core.errors import SynthLensError
from core.latent.directions import Direction, save_directions
from core.services import latent
from core.services.generation import generate
from tests.toy import toy_registry

MODEL = "chest_xray/toy-gan"


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def brighter() -> Direction:
    return Direction("class-b", "class", "brighter", torch.eye(5)[4], deviation=0.1)


def test_without_moves_the_image_is_the_generated_one(registry):
    made = generate(registry, "chest_xray", "toy-gan", "viral", 1, 7)[0]
    np.testing.assert_array_equal(latent.render(registry, MODEL, "viral", 7), made.pixels)


def test_a_move_does_what_its_direction_says(registry):
    handle = latent.Handle("class-b", "brighter", brighter())
    start = latent.render(registry, MODEL, "normal", 1)
    up = latent.render(registry, MODEL, "normal", 1, [(handle, 2.0)])
    assert up.mean() - start.mean() == pytest.approx(0.2 / 2 * 255, abs=1.5)
    back = latent.render(registry, MODEL, "normal", 1, [(handle, 0.0)])
    np.testing.assert_array_equal(back, start)


def test_styles_are_mixed_by_layer_group(registry):
    assert latent.groups_of(registry, MODEL) == ["coarse", "fine"]
    plain = latent.code(registry, latent.Origin(MODEL, "normal", 1))
    other = latent.code(registry, latent.Origin(MODEL, "normal", 2))
    mixed = latent.code(registry, latent.Origin(MODEL, "normal", 1, ("fine",), 2))
    np.testing.assert_array_equal(mixed[0], plain[0])
    np.testing.assert_array_equal(mixed[1], other[1])
    whole = latent.code(registry, latent.Origin(MODEL, "normal", 1, ("coarse", "fine"), 2))
    np.testing.assert_array_equal(whole, other)


def test_an_unknown_class_is_refused(registry):
    with pytest.raises(SynthLensError, match="does not know the class 'glioma'"):
        latent.code(registry, latent.Origin(MODEL, "glioma", 1))


def test_principal_components_stand_in_and_say_so(registry):
    found = latent.handles(registry, MODEL)
    assert 0 < len(found) <= latent.UNMEASURED
    assert all("not measured" in handle.name and not handle.effects for handle in found)


def test_shipped_directions_come_with_their_effects(registry):
    folder = registry.folder(MODEL)
    save_directions([brighter()], folder)
    effects = {"class-b": {"n": 32, "effects": [{"quantity": "brightness"}]}}
    (folder / "effects.json").write_text(json.dumps(effects))
    handle = latent.handles(registry, MODEL)[0]
    assert (handle.id, handle.name, handle.n) == ("class-b", "brighter", 32)
    assert handle.effects == [{"quantity": "brightness"}]


def test_sensitivity_shows_where_the_image_changes(registry):
    idle = Direction("idle", "sefa", "", torch.eye(5)[3])
    bright, none = latent.Handle("class-b", "brighter", brighter()), latent.Handle("i", "", idle)
    styles = latent.code(registry, latent.Origin(MODEL, "normal", 1))
    found = latent.sensitivities(registry, MODEL, styles, [none, bright])
    np.testing.assert_allclose(found.total, 0.1, atol=1e-4)  # brightness moves everywhere alike
    assert [name for name, _ in found.ranking] == ["class-b", "i"]
    assert found.strongest == "class-b"
    assert found.layers[0].max() < 1e-6 < 0.09 < found.layers[1].min()  # the last layer sets it
    focused = latent.sensitivities(registry, MODEL, styles, [none, bright], "i")
    assert focused.strongest == "i" and focused.layers.max() < 1e-6
    with pytest.raises(SynthLensError, match="at least one direction"):
        latent.sensitivities(registry, MODEL, styles, [])


def test_only_style_generators_have_styles(registry):
    assert latent.has_styles(registry, registry.card(MODEL))
    assert not latent.has_styles(registry, registry.card("chest_xray/toy-cnn"))
