"""`readers …`: a study from set-up to analysis on the command line."""

import json

import pytest

from core.readers import sessions
from core.readers.database import Database
from tests.readers.made import reply
from tests.toy import write_images

COMMANDS = (
    "create", "list", "analyse", "export", "import", "delete-reader", "simulate", "power",
    "coverage", "migrate",
)  # fmt: skip


@pytest.fixture(autouse=True)
def db(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/studies.sqlite"
    monkeypatch.setenv("SYNTHLENS_DB", url)
    return Database(url)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(core, command):
    answer = core("readers", command, "--help")
    assert answer.code == 0 and "--json" in answer.out


@pytest.fixture
def made(core, tmp_path):
    write_images(tmp_path / "real" / "normal", 4)
    answer = core(
        "readers", "create", "--title", "From files", "--domain", "chest_xray", "--tasks",
        "turing=6,compare=3", "--real", tmp_path / "real", "--methods", "gradcam", "--json",
    )  # fmt: skip
    assert answer.code == 0 and answer.lines[0]["cases"] == 9
    return answer.lines[0]


def test_from_files_to_figures_and_back(core, db, made, tmp_path):
    token = sessions.join(db, made["code"], "radiologist", 3)
    while (now := sessions.where(db, token)).position is not None:
        sessions.answer(db, token, now.position, reply(now))
    answer = core("readers", "analyse", made["code"], "--json")
    assert answer.code == 0 and answer.lines[0]["turing"]["accuracy"]["readers"] == 1
    for format in ("csv", "json"):
        out = tmp_path / f"answers.{format}"
        done = core("readers", "export", made["code"], "--format", format, "--out", out)
        assert done.code == 0 and out.stat().st_size > 500
    copy = core("readers", "import", tmp_path / "answers.json", "--json").lines[0]
    again = core("readers", "analyse", copy["code"], "--json").lines[0]
    assert again["turing"]["accuracy"] == answer.lines[0]["turing"]["accuracy"]
    gone = core("readers", "delete-reader", copy["code"], 1, "--json")
    assert gone.lines == [{"code": copy["code"], "reader": 1, "answers": 9}]
    added = core(
        "readers", "import", tmp_path / "answers.csv", "--code", copy["code"], "--json"
    )  # fmt: skip
    assert added.lines == [{"code": copy["code"], "answers": 9}]


def test_a_demonstration_is_labelled_everywhere(core, tmp_path):
    line = core("readers", "simulate", "--readers", 2, "--json").lines[0]
    assert line["simulated"] is True
    assert "simulated, 2 readers" in core("readers", "list").out
    assert core("readers", "analyse", line["code"], "--json").lines[0]["answers"] == 0
    found = core("readers", "analyse", line["code"], "--simulated", "--json").lines[0]
    assert found["label"].startswith("SIMULATED") and found["readers"] == 2
    assert ",True,simulated reader," in core("readers", "export", line["code"]).out


def test_power_and_coverage(core, tmp_path):
    found = core("readers", "power", "--effect", 0.1, "--json").lines[0]
    assert all(d["power"] >= 0.8 for d in found["designs"])
    assert "readers ×" in core("readers", "power").out
    out = tmp_path / "coverage.json"
    lines = core("readers", "coverage", "--out", out, "--repetitions", 2, "--json").lines
    assert json.loads(out.read_text())["settings"] == lines


def test_migrate_names_the_revision(core):
    line = core("readers", "migrate", "--json").lines[0]
    assert line["revision"] == "0002"


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("analyse", "AAA-AAA"), "no study"),
        (("export", "AAA-AAA", "--format", "xml"), "csv or json"),
        (("import", "/nowhere.json"), "Cannot read"),
        (("delete-reader", "AAA-AAA", 1), "no study"),
        (("power", "--effect", 0.9), "between 0 and 1"),
        (("simulate", "--domain", "knee"), "Unknown domain"),
        (("create", "--title", "x", "--domain", "chest_xray", "--tasks", "turing"), "Write tasks"),
        (("create", "--title", "x", "--domain", "chest_xray", "--tasks", "turing=6"), "3 real"),
    ],
)
def test_wrong_usage_is_one_sentence(core, arguments, told):
    answer = core("readers", *arguments)
    assert answer.code == 2 and told in answer.err and "Traceback" not in answer.err
