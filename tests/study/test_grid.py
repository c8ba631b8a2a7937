"""The study's grid: arms by name, the control, order, and configurations that are not whole."""

from pathlib import Path

import pytest

from core.errors import DataError
from core.study.grid import Cell, arm, cells, digest, read_study

SHIPPED = sorted((Path(__file__).parents[2] / "configs").glob("*/study*.toml"))
CONFIG = {
    "domain": "chest_xray", "task": "pneumonia", "shares": [0.05, 1.0], "seeds": [3, 2],
    "ratios": [0.5, 1.0], "central": 2, "packs": {}, "train": {}, "models": {"cnn": {}, "vit": {}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "source", "ratio", "filtered", "keep"),
    [
        ("real", "", 0.0, True, True),
        ("classic", "", 0.0, True, True),
        ("duplicate@0.5", "duplicate", 0.5, True, True),
        ("diffusion@2", "diffusion", 2.0, True, True),
        ("gan-unfiltered@1", "gan", 1.0, False, True),
        ("gan-only", "gan", 1.0, True, False),
    ],
)
def test_arms_say_what_they_add(name, source, ratio, filtered, keep):
    found = arm(name)
    assert (found.source, found.ratio, found.filtered, found.keep_real) == (
        source, ratio, filtered, keep,
    )  # fmt: skip
    assert found.synthetic == (source not in ("", "duplicate"))


def test_the_control_matches_the_count():
    assert arm("diffusion-unfiltered@0.5").control == "duplicate@0.5"
    assert arm("gan@2").control == "duplicate@2"
    assert arm("gan-only").control == "classic"  # as many real images as synthetic ones


def test_a_name_that_is_no_arm_is_refused():
    with pytest.raises(DataError, match="no arm"):
        arm("something")


def test_every_cell_once_with_the_question_first():
    plan = cells(CONFIG, ["gan"])
    assert len(plan) == len(set(plan))
    assert [c.arm for c in plan[:4]] == ["real", "classic", "duplicate@1", "gan@1"]
    assert {c.seed for c in plan if c.share == 0.05 and c.model == "cnn"} == {0, 1, 2}
    assert {c.seed for c in plan if c.share == 1.0 and c.model == "cnn"} == {0, 1}
    assert {c.arm for c in plan if c.model == "vit"} == {"classic", "duplicate@1", "gan@1"}
    place = {c: k for k, c in enumerate(plan)}
    assert place[Cell("cnn", 1.0, "gan-only", 1)] < place[Cell("vit", 0.05, "classic", 0)]
    assert place[Cell("vit", 1.0, "gan@1", 1)] < place[Cell("cnn", 0.05, "gan@0.5", 0)]
    assert Cell("cnn", 1.0, "gan-unfiltered@0.5", 1) in plan


def test_without_packs_the_control_still_runs():
    arms = {c.arm for c in cells(CONFIG, [])}
    assert arms == {"real", "classic", "duplicate@1", "duplicate@0.5"}


def test_further_models_may_have_other_central_arms():
    config = {**CONFIG, "further": ["classic", "diffusion-unfiltered@1"]}
    found = cells(config, ["diffusion"])
    assert {c.arm for c in found if c.model == "vit"} == {"classic", "diffusion-unfiltered@1"}
    assert {c.arm for c in cells(config, []) if c.model == "vit"} == {"classic"}
    assert digest(config) == digest(CONFIG)  # the same cells, more or fewer of them


def test_a_cell_names_its_files():
    assert Cell("cnn", 0.05, "gan@1", 2).key == "cnn_5_gan@1_s2"


def test_the_digest_follows_what_results_depend_on():
    assert digest(CONFIG) == digest({**CONFIG, "seeds": [9, 9]})
    assert digest(CONFIG) != digest({**CONFIG, "train": {"steps": 3}})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_shipped_studies_are_whole(path):
    config = read_study(path)
    assert config["domain"] == path.parent.name
    keys = {c.key for c in cells(config, list(config["packs"]))}
    assert set(config["keep"]) <= keys
    low = [n for share, n in zip(config["shares"], config["seeds"]) if share <= 0.1]
    assert min(config["seeds"]) >= 3 and min(low) >= 5
    assert "mirror" not in config["augment"] or path.parent.name != "chest_xray"


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no study"), ("= 3", "TOML"), ('domain = "x"', "lacks"), ("", "lacks")],
)
def test_broken_configurations_are_said(tmp_path, text, said):
    path = tmp_path / "study.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_study(path)


def test_seeds_and_shares_go_together(tmp_path):
    text = SHIPPED[0].read_text().replace("seeds = [5, 5, 3, 3]", "seeds = [5]")
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(DataError, match="one number"):
        read_study(tmp_path / "study.toml")
