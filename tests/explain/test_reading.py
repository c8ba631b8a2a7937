"""The reading says what the numbers say."""

from core.explain.reading import Reading, reading

GOOD = {
    "ig": {"deletion": 0.3, "inside_organ": 0.9},
    "shap": {"deletion": 0.4, "inside_organ": 0.8},
    "random": {"deletion": 0.6},
    "edge": {"deletion": 0.5},
}
AGREE = {"ig": {"shap": {"spearman": 0.71}}, "shap": {"ig": {"spearman": 0.71}}}


def test_all_clauses():
    curve = {"ig": [1.0, 0.1], "shap": [1.0, -0.05]}
    found = reading(["ig", "shap"], GOOD, AGREE, curve, "lung")
    assert found.sentence == (
        "IG and SHAP agree (ρ 0.71); IG beats an edge map (0.30 against 0.50) on deletion; "
        "15% of the evidence (mean share) lies outside the lungs; the maps depend on the weights "
        "(ρ ≤ 0.10 once destroyed)."
    )
    assert [p[2] for p in found.parts if not isinstance(p, str)] == [
        "good",
        "good",
        "plain",
        "good",
    ]


def test_warnings():
    bad = {name: {**values, "deletion": 0.6, "inside_organ": 0.4} for name, values in GOOD.items()}
    low = {"ig": {"shap": {"spearman": -0.2}}}
    found = reading(["ig", "shap"], bad, low, {"ig": [1.0, 0.9], "shap": [1.0, 0.8]}, "lung")
    assert "disagree" in found.sentence
    assert "no map beats" in found.sentence
    assert "treat with care" in found.sentence
    assert "IG and SHAP hardly change" in found.sentence
    assert all(p[2] == "warn" for p in found.parts if not isinstance(p, str))


def test_saturated_answer():
    sure = {name: {**values, "deletion": 0.99} for name, values in GOOD.items()}
    found = reading(["ig", "shap"], sure, AGREE, {}, "lung")
    assert "the answer survives the deletion (mean P 0.99)" in found.sentence


def test_nothing_measured():
    assert reading(["ig"], {}, {}, {}, "").sentence == "No numbers were measured."
    assert Reading(("a ", ("b", "1", "good"))).sentence == "a b (1)"
