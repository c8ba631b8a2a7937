"""`classify` and `detect`: order, fields, files that cannot be read."""

import pytest

from tests.toy import write_images


def test_classify_prints_one_object_a_line_in_order(core, tmp_path):
    paths = write_images(tmp_path / "in", 3)
    order = [paths[2], paths[0], paths[1]]
    answer = core("classify", *order, "--domain", "chest_xray", "--json")
    assert answer.code == 0
    assert [line["path"] for line in answer.lines] == [str(p) for p in order]
    for line in answer.lines:
        assert list(line) == ["path", "domain", "model", "label", "probabilities"]
        assert line["model"] == "chest_xray/toy-cnn" and line["label"] in line["probabilities"]


def test_detect_has_verdict_and_probability(core, tmp_path):
    folder = write_images(tmp_path / "in", 2)[0].parent
    assert core("generate", "--domain", "chest_xray", "--class", "normal", "--out", folder / "g",
                "--json").code == 0  # fmt: skip
    answer = core("detect", folder, "--domain", "chest_xray", "--no-stability", "--json")
    assert answer.code == 0
    assert [line["verdict"] for line in answer.lines] == ["real", "real", "synthetic"]
    for line in answer.lines:
        assert {"path", "domain", "model", "verdict", "p_synthetic"} <= set(line)
        assert 0 <= line["p_synthetic"] <= 1 and line["stability"] == []


@pytest.mark.parametrize("command", ["classify", "detect"])
def test_bad_files_give_an_error_line_and_the_rest_go_on(core, tmp_path, command):
    paths = write_images(tmp_path / "in", 3)
    paths[1].write_bytes(b"no image at all")
    answer = core(
        command, tmp_path / "in", tmp_path / "gone.png", "--domain", "chest_xray", "--json"
    )
    assert answer.code == 3
    assert [line["path"] for line in answer.lines] == [*map(str, paths), str(tmp_path / "gone.png")]
    assert [set(line) == {"path", "error"} for line in answer.lines] == [False, True, False, True]


def test_people_get_text_and_errors_on_stderr(core, tmp_path):
    paths = write_images(tmp_path / "in", 2)
    paths[1].write_bytes(b"")
    answer = core("classify", tmp_path / "in", "--domain", "chest_xray")
    assert answer.code == 3
    assert answer.out.startswith(str(paths[0])) and answer.out.count("\n") == 1
    assert str(paths[1]) in answer.err
    answer = core("detect", paths[0], "--domain", "chest_xray")
    assert "synthetic 0." in answer.out


def test_an_empty_folder_is_an_input_that_failed(core, tmp_path):
    (tmp_path / "empty").mkdir()
    answer = core("classify", tmp_path / "empty", "--domain", "chest_xray", "--json")
    assert answer.code == 3 and "no image" in answer.lines[0]["error"]


@pytest.mark.parametrize("command", ["classify", "detect"])
def test_unknown_domain_and_model(core, tmp_path, command):
    path = write_images(tmp_path, 1)[0]
    answer = core(command, path, "--domain", "knee", "--json")
    assert answer.code == 2 and "Unknown domain" in answer.err and answer.out == ""
    answer = core(command, path, "--domain", "chest_xray", "--model", "absent", "--json")
    assert answer.code == 2 and "known models" in answer.err and answer.out == ""
