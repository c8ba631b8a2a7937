"""Files beside a checkpoint: what is written comes back, and stale or damaged ones are refused."""

import json

import numpy as np
import pytest

from core.concepts import shipped
from core.concepts.shipped import About
from core.errors import CheckpointError
from tests.concepts import toy_concepts
from tests.toy import toy_registry

MODEL = "chest_xray/toy-cnn"


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def test_what_is_written_comes_back(registry):
    written = toy_concepts.ship(registry)
    found = shipped.load(registry, MODEL)
    assert found.rows == written.rows and found.concepts == written.concepts
    assert found.labels == ["NORMAL", "PNEUMONIA"] and found.layers == written.layers
    for key, vector in written.vectors.items():
        assert np.allclose(found.vectors[key], vector, atol=1e-3)


def test_brightness_is_evidence_and_odd_numbers_are_not(registry):
    found = toy_concepts.ship(registry)
    ids = ("attribute-bright", "attribute-odd")
    by_id = {c: [r for r in found.rows if r.concept == c] for c in ids}
    assert all(r.evidence for r in by_id["attribute-bright"])
    assert not any(r.evidence for r in by_id["attribute-odd"])
    assert found.row("attribute-bright", "last maps", "PNEUMONIA").derivative > 0


def test_no_image_is_shipped_and_files_are_small(registry):
    toy_concepts.ship(registry)
    folder = registry.folder(MODEL)
    assert (folder / shipped.VECTORS).stat().st_size < 20_000
    assert (folder / shipped.FIGURES).stat().st_size < 20_000
    assert not list(folder.glob("*.png"))


def test_nothing_shipped_is_nothing(registry):
    assert shipped.load(registry, MODEL) is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda f: (f / shipped.VECTORS).write_bytes(b"no"),
        lambda f: (f / shipped.VECTORS).unlink(),
        lambda f: (f / shipped.FIGURES).write_text("{"),
        lambda f: (f / shipped.FIGURES).write_text('{"rows": [{}], "concepts": []}'),
    ],
)
def test_damage_is_said_with_the_command_that_mends_it(registry, harm):
    toy_concepts.ship(registry)
    harm(registry.folder(MODEL))
    with pytest.raises(CheckpointError, match=r"damaged.*concepts measure"):
        shipped.load(registry, MODEL)


def test_vectors_of_other_weights_are_refused(registry):
    toy_concepts.ship(registry)
    path = registry.folder(MODEL) / shipped.FIGURES
    content = json.loads(path.read_text())
    content["settings"]["weights"] = "0" * 64
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="other weights"):
        shipped.load(registry, MODEL)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("wide heart", "wide heart"),
        ("more no clear effect (fitted to symmetry)", "fitted to symmetry, no clear effect"),
        ("towards viral: no clear effect", "towards viral"),
        ("towards normal: more cnn: logit NORMAL", "towards normal: raises NORMAL of cnn"),
        ("less resnet: logit tumour", "lowers tumour of resnet"),
    ],
)
def test_a_directions_name_is_said_as_a_person_would(name, title):
    assert About("d", name, "direction", "", 9, {}).title == title
