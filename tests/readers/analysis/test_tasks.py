"""Figures of the four tasks, against hand calculation and other libraries."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from core.readers.analysis.agreement import agreement
from core.readers.analysis.detection import detection, reader_lines
from core.readers.analysis.diagnosis import diagnosis
from core.readers.analysis.preference import bradley_terry
from core.readers.analysis.ratings import interpretability, likert
from core.readers.analysis.report import report
from core.readers.analysis.times import times
from core.readers.fill import demo, fill
from core.readers.questions import CAUSABILITY_ITEMS
from core.readers.records import frame


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    from core.readers.database import Database

    db = Database(f"sqlite:///{tmp_path_factory.mktemp('study')}/a.sqlite")
    return frame(db, demo(db, "chest_xray", 5).code)


def turing(scores, truths):
    scores = np.array(scores)
    r, c = scores.shape
    return pd.DataFrame(
        {
            "reader": np.repeat(range(1, r + 1), c), "case": np.tile(range(c), r),
            "role": "other", "years": 3, "seconds": 2.0, "score": scores.ravel(),
            "choice": np.where(scores.ravel() > 3, "synthetic", "real"),
            "truth": list(truths) * r, "detector_call": list(truths) * r,
        }
    )  # fmt: skip


TRUTHS = ["synthetic", "real"] * 4
SCORES = [[6, 1, 5, 4, 2, 1, 6, 3], [4, 2, 3, 3, 5, 6, 4, 1]]


def test_rates_by_hand():
    found = detection(turing(SCORES, TRUTHS))
    assert found["sensitivity"]["value"] == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert found["specificity"]["value"] == pytest.approx((3 / 4 + 3 / 4) / 2)
    assert found["accuracy"]["value"] == pytest.approx(0.75)
    gap = found["versus_detector"]
    assert gap["detector"]["value"] == 1 and gap["difference"]["value"] == pytest.approx(-0.25)


def test_each_reader_s_line():
    rows = turing(SCORES, TRUTHS)
    lines = reader_lines(rows)
    truth = np.array(TRUTHS) == "synthetic"
    for line, scores in zip(lines, SCORES):
        assert line["auc"] == pytest.approx(roc_auc_score(truth, scores))
        hits, alarms = 3.5 / 5, 1.5 / 5
        assert line["d_prime"] == pytest.approx(norm.ppf(hits) - norm.ppf(alarms))
        assert (line["accuracy"]["k"], line["accuracy"]["n"]) == (6, 8)
        assert line["median_seconds"] == 2


def test_without_a_detector_there_is_no_comparison():
    rows = turing(SCORES, TRUTHS).assign(detector_call=None)
    assert detection(rows)["versus_detector"] == {}


def test_perfect_readers_have_finite_figures():
    perfect = [[6, 1] * 4, [5, 2] * 4]
    found = detection(turing(perfect, TRUTHS))
    assert found["accuracy"]["value"] == found["auc"]["value"] == 1
    assert np.isfinite(found["d_prime"]["value"])


def test_kappas_against_scikit_learn():
    rng = np.random.default_rng(0)
    scores = rng.integers(1, 7, (3, 40))
    rows = turing(scores, ["real", "synthetic"] * 20)
    found = agreement(rows)
    said = scores > 3
    for line in found["cohen"]:
        a, b = (r - 1 for r in line["readers"])
        assert line["value"] == pytest.approx(cohen_kappa_score(said[a], said[b]))
        assert line["ci"][0] < line["value"] < line["ci"][1]
    assert abs(found["fleiss"]["value"]) < 0.3 and found["fleiss"]["readers"] == 3


def test_equal_readers_agree_fully():
    rows = turing([[6, 1, 2, 5] * 2] * 3, TRUTHS)
    found = agreement(rows)
    assert found["fleiss"]["value"] == 1 and found["cohen"][0]["value"] == 1


def compared(counts):
    """Rows from {(winner, loser): times}, sides in turn."""
    rows = []
    for (winner, loser), n in counts.items():
        for i in range(n):
            pair = (winner, loser) if i % 2 else (loser, winner)
            rows.append({"methods": pair, "choice": winner})
    table = pd.DataFrame(rows).sample(frac=1, random_state=0).reset_index(drop=True)
    return table.assign(reader=table.index % 5, case=table.index // 5)


def test_two_methods_differ_by_the_log_odds():
    found = bradley_terry(compared({("a", "b"): 300, ("b", "a"): 100}))
    best, other = found["methods"]
    assert (best["method"], best["wins"], best["n"]) == ("a", 300, 400)
    assert best["score"] - other["score"] == pytest.approx(np.log(3), abs=0.01)
    assert best["score"] + other["score"] == pytest.approx(0)


def test_a_clean_sweep_is_finite_and_beats_the_control():
    found = bradley_terry(compared({("gradcam", "random"): 40, ("gradcam", "ig"): 40,
                                    ("ig", "random"): 40}))  # fmt: skip
    order = [m["method"] for m in found["methods"]]
    assert order == ["gradcam", "ig", "random"]
    assert all(np.isfinite(m["score"]) for m in found["methods"])
    assert found["methods"][0]["p_control"] < 0.05 and "p_control" not in found["methods"][2]


def test_the_interpretability_score_is_the_sum_over_fifty():
    ratings = [dict.fromkeys(CAUSABILITY_ITEMS, v) for v in (5, 1, 3, 3)]
    rows = pd.DataFrame(
        {"reader": [1, 2, 1, 2], "case": [0, 0, 1, 1], "ratings": ratings,
         "methods": [("ig",), ("ig",), ("shap",), ("shap",)]}
    )  # fmt: skip
    found = {line["method"]: line for line in interpretability(rows)}
    assert found["ig"]["value"] == pytest.approx((1 + 0.2) / 2)
    assert found["shap"]["ci"] == pytest.approx([0.6, 0.6])


def test_likert_counts_every_answer(answered):
    rows = answered[answered["task"] == "rate"]
    for line in likert(rows):
        own = rows[rows["methods"].str[0] == line["method"]]
        assert sum(line["counts"]) == len(own)
        mean = sum((i + 1) * n for i, n in enumerate(line["counts"])) / len(own)
        assert line["mean"]["value"] == pytest.approx(mean)


def looked(firsts, seconds, truths, advice):
    rows = []
    for step, said in enumerate((firsts, seconds)):
        for i, choice in enumerate(said):
            rows.append(
                {"reader": 1 + i % 2, "case": i // 2, "step": step, "choice": choice,
                 "truth": truths[i // 2], "advice": advice[i // 2], "score": 2 + step,
                 "seconds": 4.0 / (1 + step), "methods": ("ig",)}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_the_effect_of_help_by_hand():
    rows = looked("PNPNNNPP", "PPPPNPNP", "PPNP", "PPPN")
    found = diagnosis(rows)
    # cases of two readers: truth P, P, N, P; advice P, P, P (wrong), N (wrong)
    assert found["unaided"]["value"] == pytest.approx(6 / 8)
    assert found["aided"]["value"] == pytest.approx(6 / 8)
    assert found["gain"]["value"] == pytest.approx(0)
    assert found["reliance"]["follows_right"] | {"ci": 0} == {"value": 1.0, "n": 2, "ci": 0}
    assert found["reliance"]["follows_wrong"]["value"] == pytest.approx(2 / 4)
    assert found["advice_right"] == {"value": 0.5, "cases": 4}
    assert found["confidence_change"]["value"] == 1
    assert found["time_ratio"]["value"] == pytest.approx(0.5)


def test_interrupted_answers_have_no_time():
    rows = pd.DataFrame({"reader": [1, 1, 2, 2], "case": [0, 1, 0, 1],
                         "seconds": [1.0, 4.0, 2.0, None]})  # fmt: skip
    found = times(rows)
    assert found["answers"] == 3 and found["interrupted"] == 1
    assert times(rows.assign(seconds=None)) == {}


def test_the_report_keeps_people_and_programs_apart(answered, db):
    assert report(answered)["answers"] == 0
    found = report(answered, simulated=True)
    assert found["label"].startswith("SIMULATED") and found["readers"] == 5
    assert set(found) == {"label", "answers", "readers", "turing", "compare", "rate",
                          "causability", "diagnose"}  # fmt: skip


def test_a_report_of_a_study_that_has_just_begun(db):
    from core.readers import sessions
    from tests.readers.made import reply, study

    opened = study(db)
    token = sessions.join(db, opened.code, "other", 1)
    while (now := sessions.where(db, token)).position is not None:
        sessions.answer(db, token, now.position, reply(now))
        assert report(frame(db, opened.code))["answers"] == now.done + 1


def test_simulated_readers_fill_a_study_of_real_cases(db):
    from tests.readers.made import study

    opened = study(db)
    assert fill(db, opened.code, 2) == 2 * 31
    assert frame(db, opened.code)["simulated"].all()
