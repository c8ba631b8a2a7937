"""The answer in words says what the file says, and no more."""

import copy

import pytest

from core.study.answer import (
    against_words,
    answer,
    arm_words,
    effects,
    entry,
    footing,
    settled,
    share_words,
)
from core.study.table import table
from tests.study import planted

WHERE = ("duplicate@1", "official")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return planted.write(folder / "to", folder / "cells")


def change(results, **figures):
    """The same results with another difference at 5 %."""
    other = copy.deepcopy(results)
    (found,) = effects(other, share=0.05, arm="diffusion@1", against=WHERE[0], set=WHERE[1])
    found["balanced_accuracy"] = {"family": 9, **figures}
    return other


def said(results, share=0.05, name="diffusion@1", against=WHERE[0]):
    return answer(results, "cnn", share, name, against, "official")


def test_a_gain_is_stated_with_its_interval_and_the_other_regime(results):
    other = change(results, value=0.021, ci=[0.004, 0.039], p=0.01, holm=0.02)
    text = said(other)
    assert text.startswith("At 5 % of the data, adding diffusion images 1 : 1 raises balanced")
    assert "by 2.1 points over the count-matched control" in text
    assert "95 % CI +0.4 to +3.9; corrected p = .020 over 9 comparisons" in text
    assert "at all of the data we see no clear difference" in text


def test_a_loss_and_a_doubt_are_called_so(results):
    loss = change(results, value=-0.03, ci=[-0.05, -0.01], p=0.001, holm=0.0001)
    assert "lowers balanced accuracy by 3.0 points" in said(loss) and "p < .001" in said(loss)
    doubt = change(results, value=0.02, ci=[0.001, 0.04], p=0.03, holm=0.4)
    assert "may raise balanced accuracy" in said(doubt)
    none = change(results, value=0.02, ci=[-0.01, 0.04], p=0.3, holm=0.9)
    assert "no clear difference in balanced accuracy" in said(none)


def test_without_correction_the_interval_decides():
    assert settled({"ci": [0.1, 0.2]}) and not settled({"ci": [-0.1, 0.2]})
    assert not settled({"ci": [0.1, 0.2], "holm": 0.06})


def test_what_was_not_run_is_said(results):
    assert "not run at 25 % of the data" in said(results, share=0.25)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("real", "real images as they are"),
        ("gan@0.5", "GAN images 0.5 : 1"),
        ("diffusion-unfiltered@1", "diffusion images 1 : 1, unfiltered"),
        ("diffusion-only", "diffusion images only"),
        ("duplicate@2", "copies of real images 2 : 1"),
    ],
)
def test_arms_have_names(name, words):
    assert arm_words(name) == words


def test_rivals_and_shares_have_names():
    assert "count-matched" in against_words("gan@1", "duplicate@1")
    assert "count-matched" not in against_words("gan@1", "duplicate@2")
    assert share_words(0.05) == "5 % of the data"


def test_synthetic_only_reads_as_a_sentence(results):
    text = answer(results, "cnn", 0.05, "diffusion-only", "classic", "official")
    assert text.startswith("At 5 % of the data, diffusion images only lower balanced accuracy")


def test_the_footing_names_n_generator_copies_and_gaps(results):
    text = " ".join(footing(results, "cnn", 0.05, "diffusion@1", "official"))
    for part in ("3 seeds", "240 test images", "toy-diffusion", "whole training split",
                 "7 official test images have an exact copy", "trainings are missing"):  # fmt: skip
        assert part in text
    bare = copy.deepcopy(results)
    bare["packs"]["diffusion"]["gate"] = False
    assert "gate was not run" in " ".join(footing(bare, "cnn", 0.05, "diffusion@1", "clean"))


def test_the_table_repeats_the_file(results):
    found = table(results, "clean", model="cnn", share=0.05).set_index("arm")
    assert set(found.index) == set(planted.SKILLS)
    own = entry(results, "cnn", 0.05, "diffusion@1")["clean"]["auc"]
    assert found.loc["diffusion@1", "auc"] == own["mean"]
    (gap,) = effects(results, share=0.05, arm="diffusion@1", against=WHERE[0], set="clean")
    assert found.loc["diffusion@1", "p_holm"] == gap["balanced_accuracy"]["holm"]
    assert found.loc["classic", "control"] == ""
    assert len(table(results, "official")) == 2 * len(planted.SKILLS)


def test_gaps_for_want_of_images_are_told_apart(results):
    cells = {"planned": 9, "done": 5, "missing": [{"cell": "c", "reason": "few"}] * 3}
    lines = footing({**results, "cells": cells}, "cnn", 0.05, "diffusion@1", "official")
    assert "4 of 9 planned trainings are missing, 3 of them for want of images" in " ".join(lines)
