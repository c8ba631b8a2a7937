"""A way to run the program in this process, on toy checkpoints."""

import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from core.cli.app import app
from tests.toy import toys  # noqa: F401


@dataclass
class Answer:
    code: int
    out: str
    err: str

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def core(toys):  # noqa: F811
    """Call as core("classify", path, "--domain", …); returns code, out, err and JSON lines."""

    def run(*arguments):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run
