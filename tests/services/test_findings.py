"""Simulated findings: complete texts, zones as radiologists name them, bands, no finding."""

import tomllib

import numpy as np
import pytest

from core import domains, scope
from core.errors import SynthLensError
from core.evaluate.features import find_encoder
from core.evaluate.foreign import writing
from core.services import findings
from core.services.findings import band, condition, simulate, zone
from tests.toy import real_image, toy_registry

DESCRIBED = ("chest_xray", "brain_mri", "colorectal_polyps")


@pytest.mark.parametrize("domain", DESCRIBED)
def test_every_label_of_every_task_has_a_text_with_sources(domain):
    known = domains.get(domain)
    for label in {*known.class_ids, *(v for t in known.tasks for v in t.labels)}:
        text = condition(domain, label)
        assert text["description"] and text["advice"]
        assert all(url.startswith("https://") for _, url in text["sources"]) and text["sources"]


def test_the_file_names_no_source_it_does_not_use_and_says_who_reviewed_it():
    content = tomllib.loads(findings.CONDITIONS.read_text())
    used = {k for d in DESCRIBED for c in content[d].values() for k in c["sources"]}
    assert used == set(content["sources"])
    assert "not by a clinician" in content["reviewed"]


@pytest.mark.parametrize(
    ("row", "column", "organ", "expected"),
    [
        (28, 5, "lung", "right lower zone"),  # the image's left is the patient's right
        (2, 28, "lung", "left upper zone"),
        (16, 5, "lung", "right middle zone"),
        (2, 28, "head", "upper right of the image"),
        (28, 2, "tissue", "lower left of the image"),
    ],
)
def test_the_zone_of_a_bright_spot(row, column, organ, expected):
    values = np.zeros((32, 32))
    values[row, column] = 1.0
    assert zone(values, np.ones((32, 32), bool), organ) == expected


def test_evidence_outside_the_organ_names_no_zone():
    values, mask = np.zeros((32, 32)), np.zeros((32, 32), bool)
    values[0, 0], mask[10:20, 10:20] = 1.0, True
    assert zone(values, mask, "lung") == ""


def test_bands_follow_the_stated_rule():
    assert [band(v) for v in (0.0, 0.0999, 0.1, 0.29, 0.3, 1.0)] == [
        "mild", "mild", "moderate", "moderate", "severe", "severe",
    ]  # fmt: skip


def test_an_image_is_described_and_normal_gets_no_extent(tmp_path):
    registry = toy_registry(tmp_path)
    seen = [simulate(registry, real_image(seed), "chest_xray") for seed in range(6)]
    for one in seen:
        assert 0 <= one.probability <= 1 and one.model.startswith("chest_xray/")
        assert (one.extent is None) or (one.band == band(one.extent))
        if not one.finding:
            assert one.extent is None and one.zone == ""


def test_an_image_of_another_kind_is_refused_in_one_sentence(tmp_path):
    registry = toy_registry(tmp_path)
    fit_toy_scope(registry)
    page = writing(1, np.random.default_rng(0))[0]
    with pytest.raises(SynthLensError, match=r"unlike .*Chest X-ray images"):
        simulate(registry, page, "chest_xray")
    assert simulate(registry, real_image(500), "chest_xray").condition


def fit_toy_scope(registry):
    """A scope of made-up chest images beside the toy encoder."""
    encoder, known = find_encoder(registry, "chest_xray"), domains.get("chest_xray")
    features, stats = scope._measure(encoder, [real_image(k) for k in range(160)], known)
    fitted = scope.Scope.fit((features[:100], stats[:100]), (features[100:], stats[100:]))
    fitted.save(registry.folder(encoder.card.id) / scope.file_name("chest_xray"))
