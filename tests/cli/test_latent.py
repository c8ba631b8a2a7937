"""`directions`, `dissect`, `map-images`, `dynamics`, `film` and `invert`."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.latent.small import write_small
from tests.toy import real_image

DOMAIN = ("--domain", "chest_xray")


@pytest.fixture
def small(toys):
    return toys.folder(write_small(toys.root))


def test_directions_choose_the_style_generator_and_ship_a_table(core, small):
    answer = core("directions", *DOMAIN, "--per-class", 8, "--n", 8, "--json")
    assert answer.code == 0, answer.err
    assert {line["model"] for line in answer.lines} == {"chest_xray/small-style"}
    stored = json.loads((small / "effects.json").read_text())
    assert [line["direction"] for line in answer.lines] == list(stored)
    assert all("share" in row["identity"] for row in stored.values())
    assert {"lung area", "lung opacity"} <= {e["quantity"] for e in answer.lines[0]["effects"]}


def test_dissect_and_map_write_beside_the_checkpoint(core, small):
    answer = core("dissect", *DOMAIN, "--n", 8, "--top", 1, "--json")
    assert answer.code == 0 and len(answer.lines) == 7
    assert (small / "dissection.json").exists()
    answer = core("map-images", *DOMAIN, "--model", "small-style", "--per-class", 4, "--json")
    assert answer.lines[0]["model"] == "chest_xray/small-style"
    assert (small / "map.json").exists()


def test_dynamics_are_packed_from_a_run(core, small, tmp_path):
    (tmp_path / "grids").mkdir()
    Image.fromarray(np.zeros((128, 128), np.uint8)).save(tmp_path / "grids" / "0000010.png")
    (tmp_path / "history.jsonl").write_text('{"step": 10, "images_seen": 320, "loss": 1}\n')
    answer = core("dynamics", *DOMAIN, "--model", "small-style", "--run", tmp_path, "--json")
    assert answer.lines[0]["grids"] == 1 and answer.lines[0]["bytes"] < 400_000
    assert (small / "dynamics.zip").exists()
    wrong = core("dynamics", *DOMAIN, "--model", "small-style", "--run", tmp_path / "no")
    assert wrong.code == 2 and "no training log" in wrong.err


@pytest.mark.parametrize("suffix", ["gif", "zip"])
def test_a_film_is_written_with_its_length(core, small, tmp_path, suffix):
    out = tmp_path / f"film.{suffix}"
    ends = ("--from", "normal:1", "--to", "viral:2", "--frames", 4)
    answer = core("film", *DOMAIN, "--model", "small-style", *ends, "--out", out, "--json")
    assert answer.code == 0, answer.err
    assert out.stat().st_size > 500
    assert answer.lines[0]["path_length"] >= answer.lines[0]["straight"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--from", "normal"), "no CLASS:SEED"),
        (("--mode", "noise"), "offers no way"),
        (("--out", "film.avi"), "choose one of: gif, mp4, zip"),
    ],
)
def test_a_film_that_cannot_be_made_is_said(core, small, tmp_path, monkeypatch, change, said):
    monkeypatch.chdir(tmp_path)
    options = {"--from": "normal:1", "--to": "viral:2", "--out": "film.gif", change[0]: change[1]}
    flat = [part for pair in options.items() for part in pair]
    answer = core("film", *DOMAIN, "--model", "small-style", "--frames", 2, *flat)
    assert answer.code == 2 and said in answer.err


def test_an_image_is_inverted_with_an_honest_note(core, small, tmp_path):
    path = tmp_path / "scan.png"
    Image.fromarray(real_image(0).squeeze()).save(path)
    out = tmp_path / "o"
    answer = core(
        "invert", path, *DOMAIN, "--class", "normal", "--steps", 3, "--out", out, "--json"
    )
    assert answer.code == 0, answer.err
    line = answer.lines[0]
    assert 0 < line["error"] < 1 and "not on the upload" in line["note"]
    assert np.load(out / "code.npy").shape == (7, 8)
    assert core("invert", tmp_path / "no.png", *DOMAIN, "--class", "normal", "--out", out).code == 2
