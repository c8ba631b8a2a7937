"""JSON lines, messages and exit codes."""

import json

import numpy as np
import pytest
import typer

from core.cli.output import domain_of, emit, plain, reported
from core.errors import SynthLensError


def test_plain_makes_json_of_anything():
    content = {"a": np.float32(1.5), "b": np.arange(2), "c": float("nan"), 1: (True, None)}
    assert plain(content) == {"a": 1.5, "b": [0, 1], "c": None, "1": [True, None]}
    assert plain({"a": np.array([np.inf, 1.0])}) == {"a": [None, 1.0]}


def test_emit_prints_one_line_or_the_text(capsys):
    emit({"a": 1}, True, "text")
    emit({"a": 1}, False, "text")
    emit({"a": 1}, False)
    assert capsys.readouterr().out == '{"a": 1}\ntext\n'


def test_errors_become_a_sentence_and_a_code(capsys, monkeypatch):
    monkeypatch.delenv("SYNTHLENS_DEBUG", raising=False)
    for error, code in ((SynthLensError("Do this."), 2), (ValueError("odd"), 1)):
        with pytest.raises(typer.Exit) as exit, reported():
            raise error
        assert exit.value.exit_code == code
        assert str(error) in capsys.readouterr().err
    with pytest.raises(typer.Exit) as exit, reported(3):
        raise SynthLensError("x")
    assert exit.value.exit_code == 3
    with pytest.raises(typer.Exit) as exit, reported():
        raise typer.Exit(3)
    assert exit.value.exit_code == 3


def test_debugging_lets_errors_through(monkeypatch):
    monkeypatch.setenv("SYNTHLENS_DEBUG", "1")
    with pytest.raises(ValueError, match="odd"), reported():
        raise ValueError("odd")


def test_an_unknown_domain_lists_the_known():
    with pytest.raises(SynthLensError, match="brain_mri"):
        domain_of("knee")
    assert json.dumps(domain_of("brain_mri").id) == '"brain_mri"'
