"""The results file: computed from planted cells, with effects that are there or are not."""

import json

import numpy as np
import pytest

from core.cards import write_json
from core.errors import DataError
from core.study.grid import digest
from core.study.results import compact, read_results, results, write_results
from tests.study.conftest import CONFIG

LABELS = np.tile(np.arange(4), 60)


def plant(
    out, skills, seeds=3, share=0.25, domain="chest_xray", task="conditions", labels=None,
    models=(("cnn", 0.0),),
):  # fmt: skip
    """Cells whose models are right the more often the higher their skill, by arm and model."""
    config = {**CONFIG, "shares": [share], "seeds": [seeds], "packs": {"gan": "x"}}
    config |= {"domain": domain, "task": task}
    mark, clean = digest(config), (np.arange(len(LABELS)) % 3 > 0).astype(int)
    about = {
        "config": config, "digest": mark, "labels": labels or ["a", "b", "c", "d"],
        "packs": {"gan": {}},
        "data": {"archives": {"x": "0" * 64}}, "held_out": 10,
        "test_index": (1000 + np.arange(len(LABELS))).tolist(), "test_labels": LABELS.tolist(),
        "test_clean": clean.tolist(),
    }  # fmt: skip
    write_json(out / "study.json", about)
    arms = [(model, more, *arm) for model, more in models for arm in enumerate(skills.items())]
    for model, more, place, (name, skill) in arms:
        for seed in range(seeds):
            rng = np.random.default_rng([place, seed])
            logits = rng.normal(size=(len(LABELS), 4)) + (skill + more) * np.eye(4)[LABELS]
            path = out / "cells" / f"{model}_{name}_{seed}.json"
            curve = [{"step": s, "loss": 1.0, "val_loss": 1 / s, "val_accuracy": 0.2 * s}
                     for s in (1, 2)]  # fmt: skip
            write_json(path, {
                "digest": mark, "model": model, "share": share, "arm": name, "seed": seed,
                "temperature": 0.9, "counts": [5, 4, 6, 7], "curve": curve, "seconds": 1.0,
            })  # fmt: skip
            np.savez(path.with_suffix(".npz"), test=logits.astype(np.float16))
    return out


SKILLS = {"real": 0.5, "classic": 1.5, "duplicate@1": 1.5, "gan@1": 3.0, "gan-only": 0.2}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return results(plant(tmp_path_factory.mktemp("study"), SKILLS), draws=2000)


def of(found, name, against, where="official"):
    wanted = {"arm": name, "against": against, "set": where}
    (entry,) = [e for e in found["effects"] if wanted.items() <= e.items()]
    return entry


def test_levels_hold_mean_sd_interval_on_both_sets(found):
    arms = {a["arm"]: a for a in found["arms"]}
    assert set(arms) == set(SKILLS)
    for entry in arms.values():
        for where in ("official", "clean"):
            for figure in ("accuracy", "balanced_accuracy", "auc", "minority_recall"):
                low, high = entry[where][figure]["ci"]
                assert low <= entry[where][figure]["mean"] <= high
        assert entry["seeds"] == [0, 1, 2] and len(entry["per_class"]) == 4
        assert np.sum(entry["confusion"]) == pytest.approx(len(LABELS), abs=0.1)
    assert arms["gan@1"]["official"]["auc"]["mean"] > arms["real"]["official"]["auc"]["mean"]
    assert found["test_images"] == {"official": 240, "clean": 160}
    assert found["minority"] in range(4)


def test_a_planted_gain_over_the_control_is_found_and_corrected(found):
    gain = of(found, "gan@1", "duplicate@1")
    assert gain["balanced_accuracy"]["ci"][0] > 0
    assert gain["balanced_accuracy"]["holm"] < 0.05
    assert gain["balanced_accuracy"]["family"] == 2  # gan@1 and gan-only
    assert gain["mcnemar"]["p"] < 0.05 and gain["auc"]["holm"] < 0.05
    loss = of(found, "gan-only", "classic")
    assert loss["balanced_accuracy"]["ci"][1] < 0 and "holm" in loss["balanced_accuracy"]


def test_the_control_itself_is_no_different(found):
    none = of(found, "duplicate@1", "classic", "clean")
    assert none["balanced_accuracy"]["ci"][0] < 0 < none["balanced_accuracy"]["ci"][1]
    assert "holm" not in none["balanced_accuracy"]


def test_disagreements_are_named_by_index(found):
    entry = of(found, "gan@1", "duplicate@1")
    assert entry["disagree"] and set(entry["disagree"]) <= set(range(1000, 1240))
    only = entry["mcnemar"]["only_one_right"] + entry["mcnemar"]["only_other_right"]
    assert only <= len(entry["disagree"])


def test_what_was_not_run_is_counted(found):
    assert found["cells"]["done"] == 15 < found["cells"]["planned"]


def test_the_file_is_small_and_read_back(found, tmp_path):
    path = write_results(found, tmp_path / "study")
    again = read_results(tmp_path / "study")
    assert again == json.loads(json.dumps(compact(found)))
    assert path.stat().st_size < 6_000 * len(found["arms"])
    assert read_results(tmp_path) is None


def test_missing_cells_of_the_plan_keep_their_reason(tmp_path):
    out = plant(tmp_path, {"classic": 1.0}, seeds=1)
    mark = json.loads((out / "study.json").read_text())["digest"]
    for name in ("gan@1", "gan@9"):  # the second is of an earlier plan
        gap = {"digest": mark, "model": "cnn", "share": 0.25, "arm": name, "seed": 0}
        write_json(out / "cells" / f"{name}.json", gap | {"missing": "too few"})
    found = results(out, draws=50)
    assert found["cells"]["missing"] == [{"cell": "cnn, 25%, gan@1, seed 0", "reason": "too few"}]


def test_no_cells_are_said(tmp_path):
    plant(tmp_path, {})
    with pytest.raises(DataError, match="No finished cell"):
        results(tmp_path)
