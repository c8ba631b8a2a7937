import numpy as np
import pytest

from core.data.dataset import DomainData
from core.evaluate import text_generator
from core.evaluate.negation_set import NEGATION_SET, PARAPHRASES
from core.text.conditions import CONDITIONS
from core.text.phrases import FRAMES, KINDS
from tests.text import small
from tests.training import tiny


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    return small.setting(tmp_path_factory.mktemp("text"))


def test_the_sentences_of_the_test_are_not_those_of_the_training():
    made = {
        frame.format(f=finding, p="").lower().strip(".")
        for frames in FRAMES.values()
        for frame in frames
        for findings in KINDS.values()
        for finding in findings
    }
    assert {c for _, c, _ in NEGATION_SET} <= set(CONDITIONS)
    assert len({t for _, _, t in NEGATION_SET}) == len(NEGATION_SET)
    assert all(len(group) > 1 for _, group in PARAPHRASES)
    same = [t for _, _, t in NEGATION_SET if t.lower().strip(".") in made]
    assert len(same) <= len(NEGATION_SET) / 6, same  # a few are how anybody would put it


def test_held_out_texts_are_of_the_test_part(setting):
    found = text_generator.held_out_texts([setting[1]])
    assert found["normal"] and found["pneumonia"] and "COVID-19 pneumonia." in found["covid19"]
    assert len(found["normal"]) < 30


def test_where_no_classifier_knows_a_condition_nothing_is_claimed():
    assert text_generator.known_share(np.array([np.nan, np.nan])) is None
    found = text_generator.known_share(np.array([1.0, 0.0, np.nan]))
    assert found["rate"] == 0.5 and found["n"] == 2


def test_every_figure_is_written(setting):
    registry, reports = setting
    data: DomainData = tiny.data(n=80)
    shares = []
    found = text_generator.evaluate(
        registry, "chest_xray/text-gan", data, [reports], n=6, seeds=(0, 1), progress=shares.append
    )
    assert shares[-1] == 1 and found["judges"]["normal"] == "chest_xray/toy-conditions"
    assert set(found["agreement"]) == set(CONDITIONS)
    assert found["agreement"]["normal"]["agreement"]["n"] == 6
    normal = data.class_index[data.indices("test")] == data.domain.class_ids.index("normal")
    assert found["agreement"]["normal"]["real"]["n"] == normal.sum() > 0
    groups = ("denied", "resolved", "hedged", "affirmed")
    assert sum(found["negation"][g]["n"] for g in groups) == found["negation"]["all"]["n"]
    assert found["paraphrase"]["sensitivity"]["value"] >= 0
    assert {"fid_ratio", "kid", "recall", "copies", "ms_ssim", "definitions"} <= set(found)
    assert (registry.folder("chest_xray/text-gan") / "metrics.json").exists()


def test_two_classes_are_decided_by_the_threshold():
    from core.cards import Card

    judge = Card("a/b", "a", "classifier", "f", "t", classes=["NORMAL", "PNEUMONIA"])
    judge.calibration = {"threshold": 0.2}
    table = np.array([[0.7, 0.3], [0.9, 0.1]])
    assert text_generator.decide(judge, table).tolist() == [1, 0]
