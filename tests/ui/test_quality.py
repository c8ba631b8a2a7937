"""Metrics files made readable."""

import json

from core.ui import quality
from tests.toy import toy_registry


def test_rows_keep_the_path_the_spread_and_the_nearest_n():
    metrics = {
        "n": 500,
        "kid": 0.01,
        "kid_sd": 0.002,
        "ratios": {"lbp": {"mean": 0.5, "sd": 0.1}},
        "per_class": {"normal": {"n": 40, "recall": 0.7}},
        "definitions": {"kid": "words"},
        "splits": ["val"],
    }
    found = {row.path: (row.value, row.n) for row in quality.rows(metrics)}
    assert found == {
        "KID": ("0.010 ± 0.002", 500),
        "ratios · lbp": ("0.500 ± 0.100", 500),
        "per class · normal · Recall": ("0.700", 40),
    }


def test_the_shallowest_figure_is_found():
    metrics = {"per_class": {"a": {"recall": 0.1}}, "recall": 0.8, "recall_sd": 0.05}
    assert quality.find(metrics, "recall") == {"value": 0.8, "sd": 0.05}
    assert quality.find(metrics, "kid") is None


def test_only_what_is_on_file_leads(tmp_path):
    registry = toy_registry(tmp_path)
    card = registry.card("chest_xray/toy-gan")
    assert quality.lead(registry, card) == {"FID ratio": "0.400"}
    audit = {"rate": 0.01, "ci": [0.0, 0.03], "k": 1, "n": 100}
    content = {"coverage": 0.6, "copies": {"feature": {"synthetic": audit, "held_out": audit}}}
    (registry.folder(card.id) / "metrics.json").write_text(json.dumps(content))
    assert quality.lead(registry, card) == {
        "Coverage": "0.600",
        "Copy rate": "0.010 (0.000 to 0.030)",
        "Copy rate, held-out real": "0.010 (0.000 to 0.030)",
    }


def test_a_displayed_name_has_an_explanation():
    assert "1 is best" in (quality.explain("FID ratio") or "")
    assert quality.explain("no such figure") is None
