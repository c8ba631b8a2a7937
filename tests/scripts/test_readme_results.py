import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("readme", ROOT / "scripts/readme_results.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_what_the_metrics_files_say(script):
    text = (ROOT / "README.md").read_text()
    assert f"{script.START}\n{script.content()}\n{script.END}" in text


def test_a_changed_figure_changes_the_table(script, tmp_path):
    folder = tmp_path / "chest_xray" / "cnn"
    folder.mkdir(parents=True)
    card = {"id": "chest_xray/cnn", "domain": "chest_xray", "task": "classifier"}
    (folder / "card.json").write_text(json.dumps(card))
    figure = {"value": 0.9, "ci": [0.8, 0.95]}
    part = dict.fromkeys(("auc", "balanced_accuracy", "accuracy", "ece"), figure) | {"n": 624}
    (folder / "metrics.json").write_text(json.dumps({"test": {"official": part}}))
    before = script.table(tmp_path)
    assert "n = 624" in before and "0.900 (0.800 to 0.950)" in before
    assert "python -m core evaluate classifier --domain chest_xray" in before
    part["auc"] = {"value": 0.5, "ci": [0.4, 0.6]}
    (folder / "metrics.json").write_text(json.dumps({"test": {"official": part}}))
    assert script.table(tmp_path) != before


def test_several_seeds_have_a_row_of_their_spread(script, tmp_path):
    card = {"id": "d/resnet", "domain": "d", "training": {"config": {"file": "configs/d/r.toml"}}}
    assert script.all_seeds(card, tmp_path) == []
    figures = {k: {"mean": 0.9, "sd": 0.01} for k in ("auc", "balanced_accuracy", "ece")}
    found = {"runs": [{}, {}, {}], "test": {"clean": figures}}
    (tmp_path / "seeds.json").write_text(json.dumps(found))
    (row,) = script.all_seeds(card, tmp_path)
    assert "all 3 seeds" in row and "de-duplicated part: AUC 0.900 ± 0.010" in row
    assert "--config configs/d/r.toml" in row
    (tmp_path / "seeds.json").write_text(json.dumps({**found, "runs": [{}]}))
    assert script.all_seeds(card, tmp_path) == []


def test_architectures_stand_beside_the_leading_one(script):
    gap = {"value": -0.14, "ci": [-0.16, -0.12]}
    entry = {"model": "vit", "against": "resnet", "share": 1.0, "set": "official", "seeds": 1}
    results = {"domain": "d", "architectures": [entry | {"balanced_accuracy": gap}]}
    (row,) = script.architectures(results, "`study`")
    assert "d: vision transformer against ResNet" in row
    assert "all of the data: **-14.0 (-16.0 to -12.0)**" in row
    assert script.architectures({"domain": "d"}, "`study`") == []


def test_every_python_file_of_a_page_is_free_of_torch_and_core_of_streamlit():
    for path in (ROOT / "pages").glob("*.py"):
        assert "import torch" not in path.read_text(), path
        assert len(path.read_text().splitlines()) <= 150, path
    for path in (ROOT / "core").rglob("*.py"):
        if "ui" not in path.parts:
            assert "import streamlit" not in path.read_text(), path
        assert len(path.read_text().splitlines()) <= 350, path


def test_what_a_detector_never_trained_on_has_rows_of_its_own(script, tmp_path):
    card = {"id": "d/detector", "domain": "d", "task": "detector"}
    assert script.left_out(card, tmp_path) == []
    summary = {"families": {"d/gan": 0.91}, "mean": 0.91, "least": 0.91}
    summary |= {"without_decoder": {"mean": 0.7, "least": 0.6}}
    (tmp_path / "leave_one_out.json").write_text(json.dumps({"summary": summary}))

    def point(amount, value):
        figure = {"value": value, "ci": [value - 0.1, value + 0.1]}
        return {"amount": amount, "balanced_accuracy": figure, "unsure": 0.25}

    kinds = {"jpeg": {"curve": [point(None, 0.9), point(75, 0.8), point(40, 0.7)]}}
    (tmp_path / "unseen_degradation.json").write_text(json.dumps({"kinds": kinds}))
    first, second = script.left_out(card, tmp_path)
    assert "gan 0.910: mean 0.910" in first and "core leave-one-out --domain d" in first
    assert "jpeg: 0.900 as given, 0.700 (0.600 to 0.800) at 40 with 25% unsure" in second


def test_a_translator_stands_beside_a_drawn_head(script):
    def own(value):
        figure = {"value": value, "ci": [value, value], "n": 7}
        return {"mae": figure, "mae_hu": figure, "ssim": figure}

    told = script.translator({"n": 128, "mri_to_ct": own(0.5), "baseline_drawn_head": own(0.25)})
    assert "MRI to CT: MAE 0.5" in told and "a drawn head, for comparison: MAE 0.2" in told
    assert "7 cases, 128 slices" in told


def test_a_benchmark_without_a_baseline_has_no_ratio(script, tmp_path):
    line = {"name": "start", "value": 4.4, "unit": "s", "ratio": None, "n": 3, "goal": "<= 6"}
    (tmp_path / "r.json").write_text(json.dumps([line]))
    assert "| start (n = 3) | 4.4 s | –; goal <= 6 |" in script.speed(tmp_path / "r.json")


def test_what_synthetic_data_adds_is_told_with_its_interval(script, tmp_path):
    assert script.study(tmp_path) == ""

    def effect(arm, share, value, ci, holm, against="duplicate@1"):
        found = {"value": value, "ci": ci, "holm": holm}
        return {
            "model": "resnet", "arm": arm, "share": share, "against": against, "set": "official",
            "balanced_accuracy": found, "seeds": 3,
        }  # fmt: skip

    effects = [
        effect("diffusion@1", 0.05, 0.021, [0.004, 0.039], 0.01),
        effect("diffusion@1", 1.0, 0.001, [-0.01, 0.012], 0.9),
        effect("diffusion@1", 1.0, 0.5, [0.4, 0.6], 0.01, against="classic"),
    ]
    (tmp_path / "d" / "study").mkdir(parents=True)
    results = {"domain": "d", "effects": effects}
    (tmp_path / "d" / "study" / "results.json").write_text(json.dumps(results))
    row = script.study(tmp_path).splitlines()[-1]
    assert row.startswith("| d, ResNet (seeds: 3): diffusion images 1 : 1, over the count-matched")
    assert "5 % of the data: **+2.1 (+0.4 to +3.9)**" in row
    assert "all of the data: +0.1 (-1.0 to +1.2)" in row and "50.0" not in row


def test_a_generator_from_text_is_told_by_condition_and_negation(script):
    share = {"rate": 0.65, "ci": [0.52, 0.76], "k": 39, "n": 60}
    told = script.text_generator(
        {
            "agreement": {
                "normal": {"agreement": share, "read": share},
                "covid19": {"agreement": None, "read": share},
            },
            "negation": {"all": share},
            "paraphrase": {"sensitivity": {"value": 0.09, "ci": [0.08, 0.1]}},
        }
    )
    assert "normal 0.650 (0.520 to 0.760)" in told and "no classifier knows it" in told
    assert "0.09 (0.08 to 0.10) of what the seed does" in told
