"""Figures: axes are named, n is stated, values are those given."""

import json

import numpy as np
import pytest

from core.explain.service import Explanation
from core.ui.figures import classification, detection, explanation, maps, training
from core.ui.reports import explanation_archive, explanation_report


def has_axes(fig):
    return bool(fig.layout.xaxis.title.text) and "n = " in fig.layout.title.subtitle.text


def explained(**more) -> Explanation:
    values = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)
    return Explanation(
        model="d/m", title="M", domain="d", target="b", against=None,
        prediction={"a": 0.2, "b": 0.8}, pixels=np.full((8, 8, 1), 90, np.uint8),
        maps={"gradcam": values, "ig": -values}, info={}, references={}, settings={}, **more,
    )  # fmt: skip


MEASURED = {
    name: {"insertion": 0.8, "deletion": 0.1, "insertion_curve": [0, 1], "deletion_curve": [1, 0]}
    for name in ("gradcam", "random", "edge")
}


def test_confusion_shows_counts_and_row_shares():
    fig = classification.confusion(np.array([[8.0, 2.0], [0.0, 5.0]]), ["a", "b"], "M")
    assert list(fig.data[0].text[0]) == ["8", "2"]
    np.testing.assert_allclose(fig.data[0].z[0], [0.8, 0.2])
    assert has_axes(fig) and "n = 15" in fig.layout.title.subtitle.text


def test_the_change_is_second_minus_first_in_points():
    first, second = np.array([[8.0, 2.0], [5.0, 5.0]]), np.array([[9.0, 1.0], [5.0, 5.0]])
    fig = classification.confusion_change(first, second, ["a", "b"])
    assert list(fig.data[0].text[0]) == ["+10.0", "-10.0"]
    assert fig.data[0].zmin == -fig.data[0].zmax


def test_confusion_is_found_under_its_names():
    assert classification.confusion_of({"confusion": [[1, 2], [3, 4]]}).sum() == 10
    assert classification.confusion_of({}) is None


def test_curves_and_bars_are_left_out_where_nothing_is_on_file():
    assert classification.roc([("M", {})], ["a"]) is None
    assert classification.reliability([("M", {})]) is None
    assert classification.per_class([("M", {"per_class": [{}]})], ["a"], "recall") is None


def test_per_class_bars_carry_their_intervals():
    block = {"per_class": [{"recall": {"value": 0.9, "ci": [0.8, 0.95]}, "n": 7}]}
    fig = classification.per_class([("M", block)], ["Normal"], "recall")
    assert fig.data[0].x == ("Normal<br>n = 7",)
    assert fig.data[0].error_y.arrayminus[0] == pytest.approx(0.1)


def test_a_multi_class_roc_has_a_line_per_class_and_model():
    block = {"roc": {k: {"fpr": [0, 1], "tpr": [0, 1]} for k in "012"}, "n": 9}
    fig = classification.roc([("A", block), ("B", block)], ["x", "y", "z"])
    assert len(fig.data) == 6
    assert {t.line.dash for t in fig.data} == {"solid", "dash"}


def test_training_curves_survive_a_cut_off_line(tmp_path):
    lines = [json.dumps({"step": i, "images_seen": 8 * i, "loss": 1.0, "val_acc": 0.5})
             for i in range(4)]  # fmt: skip
    (tmp_path / "history.jsonl").write_text("\n".join(lines) + '\n{"step": 4, "lo')
    rows = training.read_history(tmp_path)
    assert len(rows) == 4
    assert training.groups(list(training.series(rows))) == {
        "loss": ["loss"],
        "accuracy": ["val_acc"],
    }
    fig = training.curves(rows, "loss", "M")
    assert has_axes(fig) and fig.layout.xaxis.title.text == "images seen"
    assert training.read_history(tmp_path / "none") == []


def test_long_histories_are_thinned():
    rows = [{"step": i, "loss": 1.0} for i in range(5000)]
    assert len(training.curves(rows, "loss", "M").data[0].x) <= 2 * training.MOST_POINTS


def test_the_stability_strip_keeps_order_and_colours():
    strip = [
        {"name": "as given", "p_synthetic": 0.1, "verdict": "real"},
        {"name": "blur", "p_synthetic": 0.9, "verdict": "synthetic"},
    ]
    fig = detection.stability(strip)
    assert has_axes(fig)
    assert [t.name for t in fig.data] == ["real", "synthetic"]
    assert fig.layout.yaxis.categoryarray == ("blur", "as given")


def test_the_spectrum_of_a_wave_peaks_at_its_frequency():
    x = np.arange(256)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * x * 32 / 256)[None, :].repeat(256, 0)
    at, power = detection.radial_spectrum(wave)
    assert at[int(power[4:].argmax()) + 4] == pytest.approx(32 / 256, abs=0.005)
    fig = detection.spectrum(wave.astype(np.float32), [wave, wave], "others")
    assert len(fig.data) == 3 and has_axes(fig)


def test_the_residual_of_a_flat_image_is_flat():
    assert np.ptp(detection.residual(np.full((40, 30), 0.3, np.float32))) == 0


def test_maps_are_scaled_to_their_strongest_half_percent():
    values = np.linspace(-4, 2, 1001).reshape(1, -1)
    signed = maps.scaled(values, True)
    assert signed.min() == -1 and signed.max() == pytest.approx(2 / 3.98, abs=0.02)
    np.testing.assert_array_equal(maps.scaled(values, False), np.abs(signed))
    lone = np.zeros((10, 10))
    lone[0, 0] = -5
    assert maps.scaled(lone, True).min() == -1
    assert np.isfinite(maps.scaled(np.zeros((2, 2)), True)).all()


def test_weak_evidence_is_more_transparent_than_strong():
    def alpha(entry):
        return float(entry[1].rsplit(",", 1)[1][:-1])

    signed = [alpha(e) for e in maps.faded("Balance", True, 0.8)]
    assert signed[0] == signed[-1] == pytest.approx(0.8)
    assert min(signed) == signed[len(signed) // 2]


@pytest.mark.parametrize("stacked", [False, True])
def test_the_grid_links_axes_and_hover(stacked):
    look = maps.Look(threshold=0.5, signed=True, scale="Balance", stacked=stacked)
    fig = maps.grid([explained(), explained()], ["gradcam", "ig"], look)
    heat = [t for t in fig.data if t.type == "heatmap"]
    assert len(heat) == 4 and sum(t.type == "image" for t in fig.data) == 6
    assert "Grad-CAM" in heat[0].hovertemplate and "IG" in heat[0].hovertemplate
    assert np.isnan(np.array(heat[0].z, float)).mean() == pytest.approx(0.5, abs=0.05)
    axes = [fig.layout[f"xaxis{i}"].matches for i in ("", *range(2, 7))]
    assert len({a for a in axes if a}) == 1 and axes.count(None) == 1  # all follow one axis


def test_the_metric_table_holds_both_baselines_and_directions():
    one = explained(metrics=MEASURED, randomisation={"gradcam": [1.0, 0.5, 0.1]})
    table = explanation.metric_table(one)
    assert table["Map"].tolist()[1:] == ["Random map (baseline)", "Edge map (baseline)"]
    assert list(table.columns) == ["Map", "Insertion AUC ↑", "Deletion AUC ↓"]
    fig = explanation.randomisation(one)
    assert fig.data[0].x == (0.0, 0.5, 1.0) and has_axes(fig)
    assert len(explanation.removal(one, "deletion").data) == 3


def test_the_report_needs_no_network_and_escapes_names():
    one = explained(metrics=MEASURED, randomisation={"gradcam": [1.0, 0.1]})
    one.title = "<b>M</b>"
    page = explanation_report([one], ["gradcam"], maps.Look()).decode()
    assert "&lt;b&gt;M" in page and "<h2><b>" not in page
    assert page.count("plotly.js v") == 1 and 'src="http' not in page


def test_the_archive_holds_raw_maps_and_numbers(tmp_path):
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(explanation_archive([explained()]))) as archive:
        names = archive.namelist()
        np.testing.assert_array_equal(
            np.load(io.BytesIO(archive.read("d_m_ig.npy"))), explained().maps["ig"]
        )
        assert json.loads(archive.read("explanation.json"))[0]["target"] == "b"
    assert set(names) == {"d_m_gradcam.npy", "d_m_ig.npy", "explanation.json"}


def test_only_a_count_becomes_the_subtitle():
    import plotly.graph_objects as go

    from core.ui.figures.frame import frame

    fig = frame(go.Figure(), "ResNet (narrow), real (n = 5 images)", "x", "y")
    assert fig.layout.title.text == "ResNet (narrow), real"
    assert fig.layout.title.subtitle.text == "n = 5 images"


def test_the_printable_report_holds_maps_numbers_and_settings():
    from core.ui.pdf import explanation_pdf

    curves = {"gradcam": [1.0, 0.5, 0.1], "ig": [1.0, 0.2, 0.0]}
    plain = explanation_pdf([explained()], ["gradcam", "ig"])
    full = explained(metrics=MEASURED, randomisation=curves)
    data = explanation_pdf([full, explained()], ["gradcam", "ig"])
    assert plain.startswith(b"%PDF") and data.count(b"/Type /Page ") == 3
    assert plain.count(b"/Type /Page ") == 2 and b"SynthLens: explanation" in data
