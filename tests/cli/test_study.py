"""`study`: packs, cells, resuming, and wrong usage said in one sentence."""

import pytest

from core.study.pack import read_pack
from core.study.results import read_results
from tests.archives import brain_zip
from tests.toy import toys  # noqa: F401

TOML = """
domain = "brain_mri"
task = "tumor"
shares = [1.0]
seeds = [1]
ratios = [1.0]
central = 0
train = { steps = 4, batch = 4, looks = 1, ema = 0.5 }
preprocessing = { size = 32 }
[packs]
gan = "PACK"
[models.cnn]
size = 32
widths = [4, 4, 4]
dense = 8
"""


@pytest.fixture
def base(tmp_path, monkeypatch):
    """Options of a proper call."""
    monkeypatch.setattr("core.data.cache.FOLDER", tmp_path / "cache")
    pack = (tmp_path / "pack").as_posix()
    (tmp_path / "study.toml").write_text(TOML.replace("PACK", pack))
    archive = brain_zip(tmp_path / "brain.zip", 12)
    return ("--domain", "brain_mri", "--config", tmp_path / "study.toml", "--data", archive)


def test_pack_then_cells_then_nothing_left(core, base, tmp_path):
    drawn = core("study", "pack", *base, "--name", "gan", "--model", "toy-gan", "--no-gate",
                 "--ratio", 1, "--json")  # fmt: skip
    assert drawn.code == 0, drawn.err
    assert drawn.lines[0]["model"] == "brain_mri/toy-gan"
    assert len(read_pack(tmp_path / "pack").images) == sum(drawn.lines[0]["drawn"].values())
    cells = ("study", "augmentation", *base, "--out", tmp_path / "out", "--json")
    first, second = core(*cells), core(*cells)
    assert first.code == 0, first.err
    assert first.lines[0]["done"] == second.lines[0]["found"] == 6
    assert second.lines[0]["done"] == 0


def test_without_packs_the_control_runs_and_the_gap_is_said(core, base, tmp_path):
    answer = core("study", "augmentation", *base, "--out", tmp_path / "out", "--json")
    assert answer.lines[0]["done"] == 3 and "not made yet" in answer.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--domain", "knee"), "Unknown domain"),
        (("--domain", "chest_xray"), "is about brain_mri"),
        (("--config", "gone.toml"), "no study configuration"),
        (("--shard", "4/2"), "no shard"),
        (("--shard", "x"), "invalid literal"),
        (("--time-budget", "soon"), "no duration"),
    ],
)
def test_wrong_usage(core, base, tmp_path, change, message):
    answer = core("study", "augmentation", *base, "--out", tmp_path / "out", *change)
    assert answer.code == 2 and message in answer.err


def test_an_unknown_pack_lists_the_known(core, base):
    answer = core("study", "pack", *base, "--name", "flow", "--model", "toy-gan")
    assert answer.code == 2 and "choose one of: gan" in answer.err


def test_results_are_written_below_the_checkpoints(core, base, tmp_path, toys):  # noqa: F811
    none = core("study", "results", "--domain", "brain_mri", "--out", tmp_path / "out")
    assert none.code == 2 and "study augmentation" in none.err
    core("study", "augmentation", *base, "--out", tmp_path / "out")
    answer = core("study", "results", "--domain", "brain_mri", "--out", tmp_path / "out", "--json")
    assert answer.code == 0, answer.err
    assert answer.lines[0]["cells"] == answer.lines[0]["planned"] == 3
    found = read_results(toys.root / "brain_mri" / "study")
    assert {a["arm"] for a in found["arms"]} == {"real", "classic", "duplicate@1"}
    assert found["resamples"] == 10_000 and found["test_images"]["official"] == 48
