"""A database of its own for every test."""

import pytest

from core.readers.database import Database


@pytest.fixture
def db(tmp_path):
    return Database(f"sqlite:///{tmp_path}/studies.sqlite")
