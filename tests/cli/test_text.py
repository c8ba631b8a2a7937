"""`text read`, `text draw` and `text explain` on untrained generators; `text prepare`."""

import json
import zipfile

import pytest

from core.text import encoder as text_encoder
from core.text.prepared import load
from tests.text import small


@pytest.fixture
def texts(core, toys, tmp_path):
    (tmp_path / "bert").mkdir()
    small.generators(toys.root, small.save(tmp_path / "bert"))
    return lambda *arguments: core("text", *arguments)


def test_read_draw_and_explain(texts, tmp_path):
    line = texts("read", "--text", "No pneumonia.", "--json").lines[0]
    assert line["text"] == "No pneumonia." and line["condition"] in line["probabilities"]
    answer = texts(
        "draw", "--text", "No pneumonia.", "--out", tmp_path / "out", "--n", "2", "--seed", "4",
        "--steps", "2", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert [k["seed"] for k in answer.lines] == [4, 5] and "agrees" in answer.lines[0]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["synthetic"] and len(manifest["images"]) == 2
    found = texts("explain", "--text", "No pneumonia", "--model", "text-gan", "--json").lines[0]
    assert [w["word"] for w in found["words"]] == ["No", "pneumonia"]


def test_an_empty_text_is_wrong_usage(texts, tmp_path):
    answer = texts("draw", "--text", " ", "--out", tmp_path / "out")
    assert answer.code == 2 and "Type a finding" in answer.err


def test_prepare_writes_one_file(core, tmp_path, monkeypatch):
    rows = "".join(
        f"{n},normal,normal,PA,,,The lungs are clear {n}.,\n{n + 100},Pneumonia,Pneumonia,PA,,,"
        f"Right pneumonia {n}.,\n"
        for n in range(30)
    )
    with zipfile.ZipFile(tmp_path / "reports.zip", "w") as store:
        head = "uid,MeSH,Problems,image,indication,comparison,findings,impression\n"
        store.writestr("indiana_reports.csv", head + rows)
    monkeypatch.setattr(text_encoder, "load_encoder", lambda name: small.encoder())
    out = tmp_path / "texts.safetensors"
    answer = core("text", "prepare", "--data", tmp_path / "reports.zip", "--out", out, "--json")
    assert answer.code == 0, answer.err
    prepared = load(out)
    assert len(prepared.ids) == answer.lines[0]["texts"] and prepared.split.unique().tolist() == [
        0,
        1,
    ]
    assert "reports.zip" in prepared.note["source"]
