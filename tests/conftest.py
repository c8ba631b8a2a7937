"""Fixtures shared by all tests: where real data may lie, and tiny made-up images."""

import os
from pathlib import Path

import numpy as np
import pytest

import core  # noqa: F401  (makes torchvision importable beside a CPU build of torch)

DATA = Path(os.environ.get("SYNTHLENS_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real archives; tests that need it are skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"needs the real archives, none at {DATA} (set SYNTHLENS_DATA)")
    return DATA


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded source of randomness."""
    return np.random.default_rng(0)
