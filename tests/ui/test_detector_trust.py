"""What the verdict page says of its detector comes from the files, seen and unseen kept apart."""

from core.ui import detector_trust as trust
from core.ui.figures import detector_trust as figures


def own(value: float) -> dict:
    return {"value": value, "ci": [value - 0.1, value + 0.05]}


METRICS = {
    "families": {
        "d/gan": {"seen": True, "balanced_accuracy": own(0.9)},
        "d/dcgan": {"seen": False, "balanced_accuracy": own(0.8)},
    },
    "real_classes": {"a": {"n": 5}, "b": {"n": 7}},
    "other_sources": {"elsewhere": {"rate": 0.25, "ci": [0.1, 0.4], "n": 12}},
    "file_trace_probe": {"file": own(0.55), "constant": own(0.51)},
    "curves": {"jpeg": [
        {"amount": 90, "balanced_accuracy": 0.9, "n": 12},
        {"amount": 40, "balanced_accuracy": 0.7, "n": 12},
    ]},
}  # fmt: skip
LEFT = {
    "groups": {
        "d/gan": {"families": {"d/gan": {"as_given": {"balanced_accuracy": own(0.7)}}}},
        "shared decoder": {"families": {"d/gan": {"as_given": {"balanced_accuracy": own(0.6)}}}},
    },
    "summary": {
        "families": {"d/gan": 0.7, "d/dcgan": 0.8}, "mean": 0.75, "least": 0.7,
        "without_decoder": {"families": {"d/gan": 0.6}, "mean": 0.6, "least": 0.6},
    },
}  # fmt: skip


def test_each_family_is_marked_by_how_training_stood_to_it():
    found = [(family, kind, v["value"]) for family, kind, v in trust.points(METRICS, LEFT)]
    assert found == [
        ("gan", "seen", 0.9), ("dcgan", "never trained on", 0.8), ("gan", "left out", 0.7),
        ("gan", "without the decoder", 0.6),
    ]  # fmt: skip
    fig = figures.by_family(list(trust.points(METRICS, LEFT)), 12)
    shown = {trace.name: list(trace.x) for trace in fig.data}
    assert len(shown) == 4 and shown["a detector trained without this family"] == [0.7]
    assert "12" in fig.layout.title.subtitle.text


def test_sentences_carry_the_files_figures_and_nothing_is_said_without_them():
    text = " ".join(trust.sentences(METRICS, LEFT))
    for part in ("**0.75**", "0.70 at least", "0.60", "25% called synthetic", "AUC 0.55"):
        assert part in text
    assert trust.sentences({"families": {}}, {}) == []


def test_curves_run_in_order_of_the_amount():
    fig = figures.along_degradations(METRICS["curves"])
    assert list(fig.data[0].x) == [40, 90] and list(fig.data[0].y) == [0.7, 0.9]


def point(amount: float | None, value: float, unsure: float) -> dict:
    known = {"balanced_accuracy": own(0.8), "unsure": 0.25}
    return {
        "amount": amount, "balanced_accuracy": own(value), "unsure": unsure, "n": 9,
        "trained_on_it": known,
    }  # fmt: skip


def test_an_unseen_degradation_is_drawn_and_told_beside_the_shipped_detector():
    kinds = {
        "jpeg": {
            "images_seen": 9000,
            "curve": [point(None, 0.9, 0.1), point(90, 0.7, 0.3), point(40, 0.6, 0.5)],
        }
    }
    fig = figures.along_degradations(METRICS["curves"], kinds)
    assert list(fig.data[1].x) == [40, 90] and list(fig.data[1].y) == [0.6, 0.7]
    assert fig.data[1].showlegend and "never trained" in fig.data[1].name
    (line,) = trust.unseen(kinds)
    assert "from 0.90 as given to 0.60 (50% unsure) at 40" in line and "9,000" in line
    assert "from 0.80 as given to 0.80 (25% unsure)" in line
    assert trust.unseen({}) == []


def test_a_generator_left_out_twice_tells_what_longer_training_did():
    curve = [
        {"images_seen": 6000, "balanced_accuracy": {"d/gan": 0.7}},
        {"images_seen": 30000, "balanced_accuracy": {"d/gan": 0.9}},
    ]
    (line,) = trust.longer({"groups": {"d/gan": {"curve": curve}}})
    assert "0.70 after 6,000" in line and "0.90 after 30,000" in line
    assert trust.longer(LEFT) == []


def test_without_a_file_nothing_is_left_out(tmp_path):
    assert trust.read_left_out(tmp_path) == {}
