"""`generate`."""

import json

import pydicom
import pytest
from PIL import Image

BASE = ("generate", "--domain", "chest_xray", "--class", "PNEUMONIA", "--n", 3, "--seed", 5)


def test_files_manifest_and_lines_agree(core, tmp_path):
    answer = core(*BASE, "--out", tmp_path / "o", "--json")
    assert answer.code == 0
    assert [line["seed"] for line in answer.lines] == [5, 6, 7]
    assert [line["class"] for line in answer.lines] == ["bacterial", "viral", "bacterial"]
    manifest = json.loads((tmp_path / "o" / "manifest.json").read_text())
    assert manifest["model"] == "chest_xray/toy-diffusion"
    assert [e["file"] for e in manifest["images"]] == [
        line["path"].rsplit("/", 1)[-1] for line in answer.lines
    ]
    with Image.open(answer.lines[0]["path"]) as image:
        assert image.text["Synthetic"] == "true" and image.text["Seed"] == "5"


def test_same_seed_same_bytes(core, tmp_path):
    for name in ("one", "two"):
        assert core(*BASE, "--out", tmp_path / name).code == 0
    first, second = (sorted((tmp_path / n).iterdir()) for n in ("one", "two"))
    assert len(first) == 4
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_options_and_dicom(core, tmp_path):
    answer = core(
        *BASE, "--model", "toy-gan", "--truncation", 0.5, "--format", "dicom",
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert answer.lines[0]["options"] == {"truncation": 0.5}
    assert answer.lines[0]["model"] == "chest_xray/toy-gan"
    assert pydicom.dcmread(answer.lines[0]["path"]).SyntheticData == "YES"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--domain", "knee"), "Unknown domain"),
        (("--class", "glioma"), "choose one of"),
        (("--model", "absent"), "no model"),
        (("--model", "toy-cnn"), "no generator"),
        (("--format", "gif"), "png, dicom"),
        (("--n", "0"), "--n"),
        (("--seed", "-1"), "--seed"),
    ],
)
def test_wrong_usage_is_a_sentence_and_code_two(core, tmp_path, change, message):
    answer = core(*BASE, "--out", tmp_path / "o", *change)
    assert answer.code == 2
    assert message in answer.err
    assert answer.out == "" and not (tmp_path / "o").exists()
