"""`concepts`: show, image, test."""

import json

import pytest
from PIL import Image

from core.registry import default_registry
from tests.concepts import toy_concepts

OWN = ("--domain", "chest_xray", "--model", "toy-cnn")


@pytest.fixture
def folders(tmp_path):
    found = []
    for name, part in (("shows", slice(0, 12)), ("others", slice(-12, None))):
        folder = tmp_path / name
        folder.mkdir()
        for i, pixels in enumerate(toy_concepts.stack()[part]):
            Image.fromarray(pixels.squeeze()).save(folder / f"{i:02d}.png")
        found.append(folder)
    return found


def test_shipped_figures_are_shown(core):
    toy_concepts.ship(default_registry())
    answer = core("concepts", "show", *OWN, "--json")
    assert answer.code == 0, answer.err
    assert len(answer.lines) == 4
    assert {"name", "score", "p_holm", "accuracy_ci", "evidence"} <= set(answer.lines[0])
    text = core("concepts", "show", *OWN).out
    assert "odd number" in text and "no evidence" in text and "2 of 4 tests pass" in text


def test_without_figures_the_command_that_makes_them_is_named(core):
    answer = core("concepts", "show", *OWN)
    assert answer.code == 2 and "concepts measure" in answer.err


def test_one_image_gets_a_signed_change_per_concept(core, folders):
    toy_concepts.ship(default_registry())
    answer = core("concepts", "image", folders[0] / "00.png", *OWN, "--json")
    assert answer.code == 0, answer.err
    assert [line["evidence"] for line in answer.lines] == [True, False]
    assert answer.lines[0]["change"] > 0 and answer.lines[0]["label"] == "PNEUMONIA"
    text = core("concepts", "image", folders[0] / "00.png", *OWN, "--target", "NORMAL").out
    assert "bright image: pushes away from NORMAL" in text


def test_folders_become_a_concept(core, folders, tmp_path):
    (folders[0] / "broken.png").write_bytes(b"no")
    out = tmp_path / "o" / "bright.json"
    answer = core(
        "concepts", "test", folders[0], "--against", folders[1], "--name", "bright", *OWN,
        "--out", out, "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "error" in answer.lines[0]  # the file that is no image, and the rest goes on
    assert [line["evidence"] for line in answer.lines[1:]] == [True, True]
    assert json.loads(out.read_text())["concepts"][0]["name"] == "bright"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--model", "toy-gan"), "no classifier or detector"),
        (("--model", "absent"), "no model"),
        (("--domain", "knee"), "Unknown domain"),
        (("--layer", "attic"), "no layer 'attic'"),
    ],
)
def test_wrong_usage(core, folders, change, message):
    answer = core(
        "concepts", "test", folders[0], "--against", folders[1], "--name", "x", *OWN, *change
    )
    assert answer.code == 2 and message in answer.err


def test_fewer_than_twenty_counterparts_are_refused(core, tmp_path):
    answer = core("concepts", "measure", "--domain", "chest_xray", "--data", tmp_path, "--runs", 5)
    assert answer.code == 2
