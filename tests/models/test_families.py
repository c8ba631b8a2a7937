"""Families are imported on demand, and every builder can be found."""

import subprocess
import sys
from importlib import import_module

import pytest

from core.models import base, families


@pytest.mark.parametrize("name", families.MODULES)
def test_the_module_of_a_family_registers_it(name):
    families.load(name)
    assert base._builders[name].__module__ == families.MODULES[name]


def test_nothing_is_registered_that_the_table_lacks():
    for module in set(families.MODULES.values()):
        import_module(module)
    ours = {n for n, b in base._builders.items() if b.__module__.startswith("core.")}
    assert ours == set(families.MODULES)


def test_the_app_starts_without_the_heavy_libraries():
    code = (
        "import sys; import core.ui.layout, core.ui.turns, core.services.generation, "
        "core.ui.review, core.services.checks; "
        "print([m for m in ('diffusers', 'transformers', 'sklearn', 'torch._dynamo', 'captum') "
        "if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stdout + found.stderr[-2000:]
