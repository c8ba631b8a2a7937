import random
from dataclasses import replace

import pytest

from core.text.conditions import CONDITIONS
from core.text.pairs import affirms, summary, training_pairs
from core.text.phrases import FRAMES, KINDS, phrase
from tests.text.small import REPORTS


class InTraining(type(REPORTS[0])):
    split = "train"


@pytest.fixture
def reports():
    return [InTraining(**vars(r)) for r in REPORTS]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_denied_and_closed_findings_are_normal_and_all_others_are_not(frame, kind):
    rng = random.Random(0)
    for _ in range(40):
        text, condition = phrase(rng, frame, kind)
        assert condition == ("normal" if frame in ("absent", "resolved") else kind)
        assert "{" not in text and text[0].isupper()


def test_pairs_are_unique_reproducible_and_cover_every_condition(reports):
    pairs = training_pairs(reports, made=8)
    assert pairs == training_pairs(reports, made=8)
    assert len({p.text.lower() for p in pairs}) == len(pairs)
    assert {p.condition for p in pairs} == set(CONDITIONS)
    counts = summary(pairs)
    assert counts["normal"]["absent"] > 0 and counts["normal"]["resolved"] > 0
    assert "hedged" in counts["covid19"] and "hedged" not in counts["normal"]


def test_a_sentence_of_a_pneumonia_report_that_names_none_is_left_out(reports):
    odd = replace(reports[1], findings="Heart size is large. Consolidation on the left.")
    texts = {p.text for p in training_pairs([odd], made=0)}
    assert "Consolidation on the left." in texts and "Heart size is large." not in texts


def test_reports_of_other_splits_stay_out(reports):
    assert not [p for p in training_pairs(reports, "test", made=0) if p.origin == "report"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Right lower lobe pneumonia.", True),
        ("No consolidation.", False),
        ("Heart is normal. Patchy infiltrate.", True),
        ("The infiltrate has resolved.", False),
        ("Heart is normal.", False),
    ],
)
def test_what_counts_as_affirmed(text, wanted):
    assert affirms(text) is wanted
