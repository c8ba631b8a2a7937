"""Packs: enough of each class, marked by the gate, with what the generator learned from."""

import numpy as np
import pytest

from core.errors import DataError
from core.evaluate.reference import fit_reference
from core.study.pack import ROUNDS, make_pack, read_pack


def test_a_pack_holds_what_was_asked_with_its_origin(packed, images):
    pack = read_pack(packed / "packs" / "gan")
    assert pack.images.shape[1:] == images.images.shape[1:] and pack.images.dtype == np.uint8
    assert set(np.bincount(pack.classes)) <= set(range(14, 14 * ROUNDS))
    assert pack.about["model"] == "chest_xray/toy-gan" and not pack.about["gate"]
    assert pack.passed.all() and sum(pack.about["drawn"].values()) == len(pack.images)
    brightness = [pack.images[pack.classes == c].mean() for c in range(4)]
    assert brightness == sorted(brightness)  # the toy generator's later classes are brighter


def test_images_of_a_pack_differ(packed):
    pack = read_pack(packed / "packs" / "diffusion")
    assert len({image.tobytes() for image in pack.images}) == len(pack.images)


def test_the_gate_marks_and_drawing_ends(tmp_path, generators, images):
    fit_reference(generators, images)
    about = make_pack(generators, "chest_xray", "toy-gan", {"normal": 5}, tmp_path / "p")
    pack = read_pack(tmp_path / "p")
    assert about["gate"] and len(pack.images) >= 5
    assert about["passed"]["normal"] == int(pack.passed.sum())
    assert (about["turned_away"] == {}) == bool(pack.passed.all())


def test_more_can_be_drawn_than_pass(tmp_path, generators):
    wanted, least = {"normal": 3, "viral": 3}, {"viral": 20}
    about = make_pack(
        generators, "chest_xray", "toy-gan", wanted, tmp_path / "p", gate=False, least=least
    )
    assert about["drawn"]["viral"] == 20 and about["drawn"]["normal"] < 20
    pack = read_pack(tmp_path / "p")
    assert len({image.tobytes() for image in pack.images}) == len(pack.images)


def test_unknown_classes_and_missing_packs_are_said(tmp_path, generators):
    with pytest.raises(DataError, match="cannot draw: glioma"):
        make_pack(generators, "chest_xray", "toy-gan", {"glioma": 1}, tmp_path / "p")
    with pytest.raises(DataError, match="study pack"):
        read_pack(tmp_path / "nothing")
