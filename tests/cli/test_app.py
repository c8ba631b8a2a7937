"""The program as a whole: help of every command, quick start, wrong usage."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "models", "generate", "classify", "detect", "explain", "train", "evaluate", "bench",
    "data fetch", "data audit",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(core, command):
    answer = core(*command.split(), "--help")
    assert answer.code == 0 and "--json" in answer.out


def test_no_command_and_unknown_ones_are_wrong_usage(core):
    assert core().code == 2
    assert core("fly").code == 2
    assert core("classify", "x.png").code == 2  # no --domain


def test_help_loads_nothing_heavy():
    code = (
        "import sys, core.cli.app; "
        "print(sorted({'torch', 'skimage', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
